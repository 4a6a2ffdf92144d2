"""What a request is changed to before it is sent: another model, or another prompt."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from pytest_llmregress.providers.protocol import Provider, Rename, RenamesModel
from pytest_llmregress.providers.renaming import change_body, is_signed
from pytest_llmregress.recording.judge_flag import is_judging
from pytest_llmregress.values.http import Request


class PutsPrompt(Protocol):
    """Puts another prompt into the body of a call."""

    def __call__(self, body: Mapping[str, Any], *, retry: bool) -> dict[str, Any]:
        """Return the body to send; `retry`, whether it is a further attempt at the same call."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewriter:
    """Changes requests of the application; a question to a judge stays as it is."""

    providers: Sequence[Provider]
    rename: Rename | None = None
    """None where no candidate takes the place of a model."""
    put_prompt: PutsPrompt | None = None

    @property
    def changes(self) -> bool:
        """Whether it changes any request."""
        return self.rename is not None or self.put_prompt is not None

    def __call__(self, request: Request) -> Request:
        """Return a request as it is to be sent; the very same one where nothing is to change."""
        if not self.changes or is_judging():
            return request
        if self.rename is not None:
            request = self._renamed(request, self.rename)
        if self.put_prompt is not None and not is_signed(request) and self._is_call(request):
            request = change_body(request, _putting(self.put_prompt, retry=request.is_retry))
        return request

    def _renamed(self, request: Request, rename: Rename) -> Request:
        for provider in self.providers:
            if isinstance(provider, RenamesModel):
                renamed = provider.rename_model(request, rename)
                if renamed is not request:
                    return renamed
        return request

    def _is_call(self, request: Request) -> bool:
        return any(each.requested_model(request) is not None for each in self.providers)


def _putting(
    put_prompt: PutsPrompt, *, retry: bool
) -> Callable[[Mapping[str, Any]], Mapping[str, Any]]:
    return lambda body: put_prompt(body, retry=retry)
