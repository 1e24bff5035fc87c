import type { Texts } from "./texts.ts";

/** The languages of the widget and how each calls itself. */
export const localeNames = {
  en: "English",
  es: "Español",
  ja: "日本語",
  ko: "한국어",
  "zh-CN": "简体中文",
  "zh-TW": "繁體中文",
} as const;

export type Locale = keyof typeof localeNames;
export const locales = Object.keys(localeNames) as Locale[];

/** Each language in a file of its own: the others are never fetched. */
export const loadTexts: Record<Locale, (again: string) => Promise<{ default: Texts }>> = {
  en: (_again) => import("./locales/en.ts"),
  es: (_again) => import("./locales/es.ts"),
  ja: (_again) => import("./locales/ja.ts"),
  ko: (_again) => import("./locales/ko.ts"),
  "zh-CN": (_again) => import("./locales/zh-CN.ts"),
  "zh-TW": (_again) => import("./locales/zh-TW.ts"),
};

/** The first language of the list that the widget has, or English. */
export function matchLocale(wanted: readonly string[]): Locale {
  for (const tag of wanted) {
    const [language = "", ...rest] = tag.toLowerCase().split(/[-_]/);
    if (language === "zh") {
      const traditional = rest.some((part) => ["hant", "tw", "hk", "mo"].includes(part)) && !rest.includes("hans");
      return traditional ? "zh-TW" : "zh-CN";
    }
    const match = locales.find((locale) => locale === language);
    if (match !== undefined) {
      return match;
    }
  }
  return "en";
}
