import type { Code, EndReason, Reason } from "../../core/index.ts";

/** Every text of a chat, which both pages show. */
export interface ChatTexts {
  chat: string;
  write: string;
  send: string;
  sending: string;
  sent: string;
  read: string;
  refused: string;
  retry: string;
  discard: string;
  tooLong: string;
  joined: (name: string) => string;
  closed: string;
  typing: (name: string) => string;
  agent: string;
  visitor: string;
  connecting: string;
  reconnecting: string;
  lost: (seconds: number) => string;
  interrupted: string;
  /** What the interruption does not take away. */
  kept: string;
  /** Why the gateway lets nobody in for now, where that is its reason. */
  heldBack: Partial<Record<Code, string>>;
  tryNow: string;
  stopped: string;
}

/** Every text of the visitor page. */
export interface VisitorTexts extends ChatTexts {
  title: string;
  lead: string;
  department: string;
  departments: Record<string, string>;
  language: string;
  topic: string;
  topicHint: string;
  join: string;
  joining: string;
  expected: (wait: string) => string;
  yourPlace: string;
  place: (position: number) => string;
  ahead: (count: number) => string;
  waitLabel: string;
  waitUnknown: string;
  waitUnder: (minutes: number) => string;
  waitAbout: (low: number, high: number) => string;
  updated: (seconds: number) => string;
  updatedNow: string;
  reasons: Record<Reason, string>;
  offered: string;
  already: string;
  leave: string;
  leaveChat: string;
  withAgent: (name: string) => string;
  ends: Record<EndReason, string>;
  ended: string;
  again: string;
  refusals: Partial<Record<Code, string>>;
}

export const en: VisitorTexts = {
  chat: "Conversation",
  write: "Write a message",
  send: "Send",
  sending: "Sending…",
  sent: "Sent",
  read: "Read",
  refused: "Not sent.",
  retry: "Try again",
  discard: "Discard",
  tooLong: "That is too long for one message.",
  joined: (name) => `${name} is here now`,
  closed: "The conversation has ended",
  typing: (name) => `${name} is writing…`,
  agent: "The agent",
  visitor: "The visitor",
  connecting: "Connecting…",
  reconnecting: "Connection lost. Reconnecting…",
  lost: (s) => `Connection lost. Reconnecting… (in ${s} s)`,
  interrupted: "The service is interrupted.",
  kept: "Your place is kept.",
  heldBack: {
    busy: "Many people are coming at once. You will be let in shortly.",
    too_many: "Too many chats are open here. Close some, or wait a little.",
  },
  tryNow: "Try now",
  stopped: "Disconnected.",
  title: "How can we help?",
  lead: "Tell us what it is about and we will find you the right person.",
  department: "Department",
  departments: { support: "Support", trading: "Trading" },
  language: "Language",
  topic: "What is it about?",
  topicHint: "In a few words (optional)",
  join: "Get in line",
  joining: "One moment…",
  expected: (wait) => `Expected wait: ${wait}`,
  yourPlace: "Your place in line",
  place: (n) => `You are number ${n} in line`,
  ahead: (n) => (n === 0 ? "You are next" : n === 1 ? "1 person ahead of you" : `${n} people ahead of you`),
  waitLabel: "Wait",
  waitUnknown: "we can’t say yet",
  waitUnder: (m) => `under ${m} min`,
  waitAbout: (low, high) => (low === high ? `about ${low} min` : `about ${low}–${high} min`),
  updated: (s) => `updated ${s} s ago`,
  updatedNow: "updated just now",
  reasons: {
    priority_arrival: "Somebody with an urgent matter was let in ahead.",
    returned: "Somebody whose agent was lost got their place back.",
    transfer_in: "Somebody was transferred here with the place they had.",
    raised: "A supervisor moved somebody forward.",
  },
  offered: "An agent is about to answer",
  already: "You can write already: the agent will read it all.",
  leave: "Leave the line",
  leaveChat: "End the chat",
  withAgent: (name) => `You are talking to ${name}`,
  ends: {
    agent_closed: "The agent has closed the conversation.",
    visitor_left: "You have left.",
    visitor_lost: "You were away for too long, so your place was given up.",
  },
  ended: "The chat has ended",
  again: "Start again",
  refusals: {
    queue_full: "The line is full right now. Please try again a little later.",
    unavailable: "We cannot reach our systems. Please try again in a moment.",
    too_many: "The line is full right now. Please try again a little later.",
    busy: "It is very busy. Please try again in a moment.",
    conversation_closed: "The conversation has ended.",
    bad_token: "Your sign-in is not valid. Please open this page again from where you came.",
    token_expired: "Your sign-in has expired. Please open this page again from where you came.",
  },
};

export const zh: VisitorTexts = {
  chat: "对话",
  write: "输入消息",
  send: "发送",
  sending: "正在发送…",
  sent: "已发送",
  read: "已读",
  refused: "未发送。",
  retry: "重试",
  discard: "放弃",
  tooLong: "这条消息太长了。",
  joined: (name) => `${name} 已接入`,
  closed: "对话已结束",
  typing: (name) => `${name} 正在输入…`,
  agent: "客服",
  visitor: "访客",
  connecting: "正在连接…",
  reconnecting: "连接已断开，正在重连…",
  lost: (s) => `连接已断开，正在重连…（${s} 秒后）`,
  interrupted: "服务暂时中断。",
  kept: "您的位置已为您保留。",
  heldBack: {
    busy: "现在访问的人非常多，稍后会自动为您接通。",
    too_many: "这里打开的对话太多了。请关闭一些，或稍等片刻。",
  },
  tryNow: "立即重连",
  stopped: "已断开连接。",
  title: "有什么可以帮您？",
  lead: "告诉我们您的问题，我们会为您找到合适的客服。",
  department: "部门",
  departments: { support: "客户支持", trading: "交易" },
  language: "语言",
  topic: "您想咨询什么？",
  topicHint: "简单说几个字（可不填）",
  join: "开始排队",
  joining: "请稍候…",
  expected: (wait) => `预计等待：${wait}`,
  yourPlace: "您的排队位置",
  place: (n) => `您排在第 ${n} 位`,
  ahead: (n) => (n === 0 ? "下一位就是您" : `前面还有 ${n} 位`),
  waitLabel: "等待",
  waitUnknown: "暂时无法估计",
  waitUnder: (m) => `不到 ${m} 分钟`,
  waitAbout: (low, high) => (low === high ? `约 ${low} 分钟` : `约 ${low}–${high} 分钟`),
  updated: (s) => `${s} 秒前更新`,
  updatedNow: "刚刚更新",
  reasons: {
    priority_arrival: "有一位紧急访客被安排在了前面。",
    returned: "一位访客的客服掉线，他回到了原来的位置。",
    transfer_in: "一位访客带着原来的位置转到了这里。",
    raised: "主管将一位访客提前了。",
  },
  offered: "客服即将接入",
  already: "您可以先留言，客服接入后会看到全部内容。",
  leave: "离开队列",
  leaveChat: "结束对话",
  withAgent: (name) => `${name} 正在为您服务`,
  ends: {
    agent_closed: "客服已结束对话。",
    visitor_left: "您已离开。",
    visitor_lost: "您离线太久，位置已被取消。",
  },
  ended: "对话已结束",
  again: "重新开始",
  refusals: {
    queue_full: "队列已满，请稍后再试。",
    unavailable: "系统暂时无法连接，请稍后再试。",
    too_many: "队列已满，请稍后再试。",
    busy: "现在非常繁忙，请稍后再试。",
    conversation_closed: "对话已结束。",
    bad_token: "您的登录无效，请从原来的页面重新打开。",
    token_expired: "您的登录已过期，请从原来的页面重新打开。",
  },
};

/** The languages of the visitor page and how each calls itself. */
export const locales = { en: { name: "English", texts: en }, zh: { name: "中文", texts: zh } };
export type Locale = keyof typeof locales;
