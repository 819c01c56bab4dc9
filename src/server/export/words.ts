/** The languages a document can be written in; what people and models said stays as it is. */
export type Language = "en" | "zh";

/** Every text of the document that nobody in the conversation wrote. */
export interface Words {
  user: string;
  assistant: string;
  created: string;
  exported: string;
  messageCount(count: number): string;
  attached(names: readonly string[]): string;
  linesLeftOut(count: number): string;
  charactersLeftOut(count: number): string;
  messagesLeftOut(count: number): string;
  /** A result without any text. */
  empty: string;
  /** A call that nothing answered. */
  unanswered: string;
  image: string;
  /** A picture of the workspace that is gone, too large or of a kind that Word does not show. */
  imageMissing: string;
}

const english = new Intl.NumberFormat("en");
const plural = (count: number, noun: string) => `${english.format(count)} ${noun}${count === 1 ? "" : "s"}`;

const en: Words = {
  user: "You",
  assistant: "Assistant",
  created: "Created",
  exported: "Exported",
  messageCount: (count) => plural(count, "message"),
  attached: (names) => `Attached: ${names.join(", ")}`,
  linesLeftOut: (count) => `… ${plural(count, "more line")}`,
  charactersLeftOut: (count) => `… ${plural(count, "more character")} left out`,
  messagesLeftOut: (count) => `… ${plural(count, "more message")} left out: the conversation is too long`,
  empty: "(empty)",
  unanswered: "(no result)",
  image: "Image",
  imageMissing: "not shown",
};

const zh: Words = {
  user: "你",
  assistant: "助手",
  created: "创建于",
  exported: "导出于",
  messageCount: (count) => `共 ${count} 条消息`,
  attached: (names) => `附件：${names.join("、")}`,
  linesLeftOut: (count) => `… 另有 ${count} 行`,
  charactersLeftOut: (count) => `… 另有 ${count} 个字符已略去`,
  messagesLeftOut: (count) => `… 对话过长，另有 ${count} 条消息已略去`,
  empty: "（空）",
  unanswered: "（无结果）",
  image: "图片",
  imageMissing: "未显示",
};

/** The document's own texts in a language. */
export const words: Record<Language, Words> = { en, zh };

/** A time as the server's own clock shows it: `2026-11-23 09:30`. */
export function formatTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}`;
}
