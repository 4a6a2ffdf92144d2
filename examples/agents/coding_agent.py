"""The application: an agent that works on the repository of a shop, on the Claude Agent SDK."""

from claude_agent_sdk import (
    ClaudeAgentOptions,
    HookMatcher,
    ResultMessage,
    create_sdk_mcp_server,
    query,
    tool,
)

MODEL = "scripted-old"
TOOLS = ["Agent", "Bash", "Edit", "Read", "ToolSearch", "Write"]
ENVIRONMENT = {
    # Sub-agents in the foreground ask in an order that a replay can keep.
    "CLAUDE_CODE_DISABLE_BACKGROUND_TASKS": "1",
    "CLAUDE_CODE_DISABLE_AUTO_MEMORY": "1",
    # Root may not pass over permissions otherwise: a container that holds nothing else.
    "IS_SANDBOX": "1",
}


class CodingAgent:
    """Works in a folder; `denied` and `looked_up` say what its hook and its tool have seen."""

    def __init__(self, folder):
        self.folder = folder
        self.denied = []
        self.looked_up = []

    async def work(self, task):
        """Do a task, and return what the agent says in the end."""
        options = ClaudeAgentOptions(
            model=MODEL,
            cwd=str(self.folder),
            tools=TOOLS,
            system_prompt="You work on the repository of a shop. Be brief.",
            setting_sources=["project"],  # the CLAUDE.md of the repository
            permission_mode="bypassPermissions",
            mcp_servers={"shop": self._shop()},
            hooks={"PreToolUse": [HookMatcher(matcher="Bash", hooks=[self._deny_deletion])]},
            env=ENVIRONMENT,
        )
        said = ""
        async for message in query(prompt=task, options=options):
            if isinstance(message, ResultMessage):
                said = message.result or ""
        return said

    async def _deny_deletion(self, call, _tool_use_id, _context):
        """Hook: nothing is deleted by a shell."""
        command = call["tool_input"]["command"]
        if not command.startswith("rm "):
            return {}
        self.denied.append(command)
        return {
            "hookSpecificOutput": {
                "hookEventName": "PreToolUse",
                "permissionDecision": "deny",
                "permissionDecisionReason": "Nothing is deleted here.",
            }
        }

    def _shop(self):
        """Return a server of tools that runs in this very process."""

        @tool("order_status", "Say where an order is.", {"order": int})
        async def order_status(given):
            self.looked_up.append(given["order"])
            return {"content": [{"type": "text", "text": "sent on Monday"}]}

        return create_sdk_mcp_server("shop", tools=[order_status])
