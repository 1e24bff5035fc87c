import form from "./styles/form.css?inline";
import place from "./styles/line.css?inline";

/** What a visitor fills in, to join, to rate and how the widget is to be, and the place in line. Fetched when the first of them is shown. */
export { joinForm } from "./JoinForm.tsx";
export { line } from "./Line.tsx";
export { menu } from "./Menu.tsx";
export { rating } from "./Rating.tsx";
export const styles = form + place;
