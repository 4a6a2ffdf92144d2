// Prints a headline for the article on standard input.

import { text } from "node:stream/consumers";

const article = await text(process.stdin);
const reply = await fetch(`${process.env.ANTHROPIC_BASE_URL}/v1/messages`, {
  method: "POST",
  headers: {
    "content-type": "application/json",
    "anthropic-version": "2023-06-01",
    "x-api-key": process.env.ANTHROPIC_API_KEY,
  },
  body: JSON.stringify({
    model: "scripted-old",
    max_tokens: 100,
    messages: [{ role: "user", content: `Write a headline for this article: ${article}` }],
  }),
});
const message = await reply.json();
if (!reply.ok) throw new Error(message.error.message);
console.log(message.content[0].text);
