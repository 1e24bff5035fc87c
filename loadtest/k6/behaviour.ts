// Human times in seconds, at pace 1. Every stay is spread around its mean.
export const human = {
  /** from opening the page to the join */
  browsing: 8,
  /** until a visitor may give up: at least a tenth of it, then at random */
  patience: 480,
  reading: 6,
  accepting: 4,
  /** one turn of an agent's work on a conversation */
  turn: 22,
  /** with the closed conversation on the screen: reading again, rating */
  lingering: 190,
  /** an agent's pause from the screen */
  pause: 60,
};

/** Shares of people who do something. */
export const share = {
  /** give up when their patience ends; the others stay on */
  leave: 0.5,
  /** reload the page while they wait */
  reload: 0.03,
  /** answer what an agent wrote */
  reply: 0.5,
  /** come back with another question */
  comeBack: 0.08,
  decline: 0.02,
  /** of agents, after a conversation */
  pause: 0.02,
};

const prose: Record<string, string[]> = {
  en: ['My withdrawal is pending.', 'Which network should I choose?', 'Thank you, one moment please.', 'It is on its way now.'],
  zh: ['我的提现还没有到账。', '请问应该选哪个网络？', '谢谢，请稍等。', '现在已经在处理了。'],
  es: ['Mi retiro sigue pendiente.', '¿Qué red debo elegir?', 'Gracias, un momento.'],
  ja: ['出金が保留中です。', 'どのネットワークを選べばいいですか？', '少々お待ちください。'],
  ko: ['출금이 보류 중입니다.', '어떤 네트워크를 선택해야 하나요?', '잠시만 기다려 주세요.'],
};

export function randomLine(language: string): string {
  const lines = prose[language] ?? prose.en!;
  return lines[Math.floor(Math.random() * lines.length)]!;
}
