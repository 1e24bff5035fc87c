/** What a visitor fills in: to join, to rate, and how the widget is to be. Fetched when the first of them is shown. */
export { joinForm } from "./JoinForm.tsx";
export { menu } from "./Menu.tsx";
export { rating } from "./Rating.tsx";
export { default as styles } from "./styles/form.css?inline";
