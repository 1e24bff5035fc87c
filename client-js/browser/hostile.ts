/** Two hundred texts that have broken chats before: each must be shown as it is, and nothing may happen. */
export function hostileStrings(): string[] {
  const call = "window.__ran=1";
  const markup = [
    `<script>${call}</script>`, `<img src=x onerror="${call}">`, `<svg onload=${call}>`, `<svg><script>${call}</script></svg>`,
    `<iframe srcdoc="<script>${call}</script>">`, `<body onload=${call}>`, `<a href="javascript:${call}">x</a>`,
    `<details open ontoggle=${call}>`, `<input autofocus onfocus=${call}>`, `<math><mi xlink:href="javascript:${call}">`,
    `"><script>${call}</script>`, `'><img src=x onerror=${call}>`, `</textarea><script>${call}</script>`,
    `</style><script>${call}</script>`, `</title><script>${call}</script>`, `<!--><script>${call}</script>-->`,
    `<style>*{display:none}</style>`, `<link rel=stylesheet href=//evil.example>`, `<base href=//evil.example>`,
    `<meta http-equiv=refresh content="0;url=//evil.example">`, `<form action=//evil.example><button>`, `<object data=x>`,
    `<template><script>${call}</script></template>`, `<slot name=x></slot>`, `<nextup-chat open></nextup-chat>`,
    `<video><source onerror=${call}>`, `<audio src=x onerror=${call}>`, `<marquee onstart=${call}>`, `<x onclick=${call}>x</x>`,
    `&lt;script&gt;${call}&lt;/script&gt;`, `&#60;script&#62;`, `\\u003cscript\\u003e`, `%3Cscript%3E`, `{{constructor.constructor('${call}')()}}`,
    `\${${call}}`, `<%= ${call} %>`, `[[x]](javascript:${call})`, `]]>`, `<![CDATA[<script>${call}</script>]]>`, `<?xml version="1.0"?>`,
  ];
  const links = [
    `javascript:${call}`, `JaVaScRiPt:${call}`, `java\tscript:${call}`, ` javascript:${call}`, `data:text/html,<script>${call}</script>`,
    `vbscript:msgbox(1)`, `file:///etc/passwd`, `https://user:pw@evil.example/`, `https://good.example@evil.example/`,
    `https://evil.example/\u202Egpj.exe`, `https://аpple.com/`, `http://[::1`, `https://`, `https://x`, `http://localhost:1/`,
    `https://good.example/"onmouseover="${call}`, `https://good.example/'><script>${call}</script>`, `https://good.example/#<img>`,
    `mailto:a@b.example?body=${call}`, `//evil.example`, `\\\\evil.example\\x`, `https:\\\\evil.example`, `blob:https://x/1`,
    `https://good.example/%0d%0aSet-Cookie:x`, `intent://x#Intent;end`, `tel:+1900`, `steam://run/1`, `about:blank`, `chrome://settings`,
    `https://good.example/${"a".repeat(600)}`,
  ];
  const bidi = ["\u202e", "\u202d", "\u202b", "\u202a", "\u2066", "\u2067", "\u2068", "\u2069", "\u202c", "\u200e", "\u200f", "\u061c"].flatMap((c) => [
    `${c}abc`, `abc${c}def אבג 123`, `${c.repeat(50)}x`,
  ]);
  const invisible = [
    "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u180e", "\u2800", "\u3164", "\u115f", "\u034f", "\u2028", "\u2029", "\u0085", "\ufff9x\ufffa",
  ].flatMap((c) => [`a${c}b`, `${c.repeat(30)}x`]);
  const emoji = [
    "👩‍👩‍👧‍👦", "🏳️‍🌈", "👍🏿", "🇨🇳🇯🇵🇰🇷", "1️⃣", "🧑🏽‍🚀".repeat(40), "👨‍👩‍👧‍👦".repeat(60), "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤️‍🔥", "🫱🏻‍🫲🏿", "©️®️™️", "😀".repeat(500),
    "\u{1F468}\u200D", "\u200D\u{1F467}", "x\uFE0F", "☺︎", "🤷🏾‍♂️", "🐻‍❄️", "🇦", "🏻",
  ];
  const long = [
    "x".repeat(4_000), "W".repeat(2_000), "漢".repeat(2_500), "اَ".repeat(800), `${"a ".repeat(1_500)}`, "\n".repeat(200) + "end", "-".repeat(3_000),
    "ﷺ".repeat(300), "𒐫".repeat(200), "꧁".repeat(100), `Z${"\u0335\u0489\u0316".repeat(200)}`, `a${"\u0300".repeat(500)}`, "ก็็็็็็็็็็็็็็็็็็็็", "௵".repeat(50),
  ];
  const odd = [
    "null", "undefined", "NaN", "true", "{}", "[]", "__proto__", "constructor", "0", "-1", "1e309", "' OR 1=1 --", '"; DROP TABLE x; --', "../../etc/passwd",
    "%s%n%x", "$(reboot)", "`reboot`", "\\", "\\n", "\\u0000", '"', "'", "<", ">", "&", "&amp;", "/", "//", "a\tb", "a\nb\r\nc", "  x  y  ", "İstanbul ıIiİ", "ß ẞ ﬁ", "Ω Ω", "é é", "שלום עולם",
    "مرحبا بالعالم", "हिन्दी", "ไทย", "你好", "안녕", "こんにちは",
  ];
  return [...markup, ...links, ...bidi, ...invisible, ...emoji, ...long, ...odd].slice(0, 200);
}
