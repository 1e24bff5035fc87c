import form from "./styles/form.css?inline";

/** What a visitor fills in, to join and how the widget is to be. Fetched when the first of them is shown. */
export { joinForm } from "./JoinForm.tsx";
export { menu } from "./Menu.tsx";
export const styles = form;
