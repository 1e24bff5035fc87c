// A bot that answers as an agent: it takes every offer, says hello, answers what it knows, and passes the rest on.
//
//   NEXTUP_URL=ws://127.0.0.1:8080/v1/connect NEXTUP_TOKEN=$(nextup token --role agent --sub bot …) node bot.mjs
import { AgentClient } from "@nextup/client";
import { WebSocket } from "ws";

const { NEXTUP_URL: url = "ws://127.0.0.1:8080/v1/connect", NEXTUP_TOKEN = "" } = process.env;
const bot = new AgentClient({ url, token: () => NEXTUP_TOKEN, WebSocket });

const answers = [
  [/open|hours|几点/i, "We are open from 9 to 18, Monday to Friday."],
  [/bye|thanks|谢谢/i, "You are welcome. Goodbye!"],
];

bot.on("state", (state) => {
  console.log(state.name);
  if (state.name === "open") {
    void bot.setStatus("available");
  }
});
bot.on("offer", ({ offer }) => void bot.accept(offer).catch(() => console.log("it went to somebody else")));
bot.on("entry", (entry) => {
  const conversation = bot.conversation(entry.ticket);
  if (entry.kind === "member" && conversation.isOwn(entry.from)) {
    conversation.send("Hello! I am a bot. Ask me about our opening hours.");
  }
  const answered = conversation.entries.some((e) => e.number > entry.number && conversation.isOwn(e.from));
  if (entry.kind !== "message" || conversation.isOwn(entry.from) || answered) {
    return;
  }
  conversation.markRead();
  const [, answer] = answers.find(([asked]) => asked.test(entry.text)) ?? [];
  conversation.send(answer ?? "That I do not know. I pass you on to a person.");
  if (answer === undefined) {
    bot.transfer(entry.ticket, { tier: 1 }, "The bot had no answer.").catch((error) => console.log(error.message));
  }
});
bot.on("error", (error) => console.error(error.message));
bot.connect();
