// A bot that answers as an agent: it takes every offer, answers what it knows, and passes the rest on.
//
//   NEXTUP_URL=ws://127.0.0.1:8080/v1/connect NEXTUP_TOKEN=$(nextup token --role agent --sub bot) node bot.mjs
import { AgentClient } from "@nextup/client";
import { WebSocket } from "ws";

const { NEXTUP_URL: url = "ws://127.0.0.1:8080/v1/connect", NEXTUP_TOKEN: token = "" } = process.env;
const bot = new AgentClient({ url, token: () => token, WebSocket });
const answers = [
  [/open|hours|几点/i, "We are open from 9 to 18, Monday to Friday."],
  [/bye|thanks|谢谢/i, "You are welcome. Goodbye!"],
];
const due = new Map();

bot.on("state", (state) => {
  console.log(state.name);
  if (state.name === "open") {
    void bot.setStatus("available");
  }
});
bot.on("offer", ({ offer }) => void bot.accept(offer).catch(() => console.log("it went to somebody else")));
bot.on("entry", ({ ticket }) => {
  clearTimeout(due.get(ticket)); // a conversation is read to its end first, after a restart too
  due.set(ticket, setTimeout(() => answer(ticket), 300));
});
bot.on("error", (error) => console.error(error.message));
bot.connect();
function answer(ticket) {
  const conversation = bot.conversation(ticket);
  const last = conversation?.entries.findLast((entry) => entry.kind === "message");
  if (conversation === undefined || conversation.closed || conversation.isOwn(last?.from)) {
    return;
  }
  conversation.markRead();
  const known = last === undefined ? "Hello! I am a bot. Ask me when we are open." : answers.find(([asked]) => asked.test(last.text))?.[1];
  conversation.send(known ?? "That I do not know. I pass you on to a person.");
  if (known === undefined) {
    bot.transfer(ticket, { tier: 1 }, "The bot had no answer.").catch((error) => console.log(error.message));
  }
}
