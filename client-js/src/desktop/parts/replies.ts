import { pageStorage } from "./settings.ts";

/** A reply that is ready to be used; {visitor} and {agent} stand for names. */
export interface Reply {
  readonly name: string;
  readonly text: string;
  /** The language that it is in, as a tag; without it, any. */
  readonly language?: string;
}

const setting = "nextup.desk.replies";
const most = 200;

/** What an agent finds before they write their own. */
const first: readonly Reply[] = [
  { name: "hello", language: "en", text: "Hello {visitor}, I’m {agent}. How can I help?" },
  { name: "moment", language: "en", text: "One moment please, I’m looking into it." },
  { name: "more", language: "en", text: "Could you tell me a little more, or send the order number?" },
  { name: "anything", language: "en", text: "Is there anything else I can do for you?" },
  { name: "bye", language: "en", text: "Thank you for writing to us. Have a good day!" },
  { name: "hello", language: "zh", text: "您好{visitor}，我是{agent}，请问有什么可以帮您？" },
  { name: "moment", language: "zh", text: "请稍等，我正在为您查询。" },
  { name: "anything", language: "zh", text: "请问还有其他可以帮您的吗？" },
  { name: "bye", language: "zh", text: "感谢您的咨询，祝您愉快！" },
  { name: "hello", language: "es", text: "Hola {visitor}, soy {agent}. ¿En qué puedo ayudarle?" },
  { name: "moment", language: "es", text: "Un momento, por favor, lo estoy comprobando." },
  { name: "bye", language: "es", text: "Gracias por escribirnos. ¡Que tenga un buen día!" },
  { name: "hello", language: "ja", text: "{visitor}様、担当の{agent}です。どのようなご用件でしょうか。" },
  { name: "moment", language: "ja", text: "少々お待ちください。ただいま確認しております。" },
  { name: "bye", language: "ja", text: "お問い合わせいただきありがとうございました。" },
  { name: "hello", language: "ko", text: "안녕하세요 {visitor}님, 상담원 {agent}입니다. 무엇을 도와드릴까요?" },
  { name: "moment", language: "ko", text: "잠시만 기다려 주세요. 확인하고 있습니다." },
  { name: "bye", language: "ko", text: "문의해 주셔서 감사합니다. 좋은 하루 되세요!" },
];

/** The replies of this browser. */
export function replies(): readonly Reply[] {
  try {
    const read: unknown = JSON.parse(pageStorage().browser.getItem(setting) ?? "null");
    return Array.isArray(read) ? read.filter(isReply).slice(0, most) : first;
  } catch {
    return first; // the stored text is not JSON
  }
}

export function keepReplies(all: readonly Reply[]): void {
  pageStorage().browser.setItem(setting, JSON.stringify(all.slice(0, most)));
}

function isReply(value: unknown): value is Reply {
  return typeof value === "object" && value !== null && "name" in value && "text" in value && typeof value.name === "string" && typeof value.text === "string";
}

/** Returns the replies with the words in their name or text: those in the conversation's language first. */
export function matchingReplies(all: readonly Reply[], words: string, language: string): readonly Reply[] {
  const wanted = words.toLowerCase();
  const fits = all.filter((r) => r.name.toLowerCase().includes(wanted) || r.text.toLowerCase().includes(wanted));
  return fits.sort((a, b) => rank(a, wanted, language) - rank(b, wanted, language)).slice(0, 8);
}

function rank({ name, language }: Reply, wanted: string, spoken: string): number {
  const foreign = language !== undefined && base(language) !== base(spoken);
  return (foreign ? 2 : 0) + (name.toLowerCase().startsWith(wanted) ? 0 : 1);
}

function base(tag: string): string | undefined {
  return tag.toLowerCase().split("-")[0];
}

/** The slash command before the caret, or undefined where there is none. */
export function commandAt(text: string, caret: number): { from: number; words: string } | undefined {
  const match = /(?:^|\s)\/([^\s/]{0,24})$/u.exec(text.slice(0, caret));
  if (match === null) {
    return undefined;
  }
  const words = match[1] ?? "";
  return { from: caret - words.length - 1, words };
}

/** The text of a reply with the names put in. */
export function withNames({ text }: Reply, names: { visitor: string; agent: string }): string {
  return text.replaceAll(/\{(visitor|agent)\}/g, (_all, who: "visitor" | "agent") => names[who]);
}
