import composer from "./styles/composer.css?inline";
import place from "./styles/line.css?inline";
import rates from "./styles/rating.css?inline";

/** What there is once a visitor has joined: the place in line, the conversation with the box to write in, leaving and rating. Fetched behind the form. */
export { chat } from "./Chat.tsx";
export { leave } from "./Leave.tsx";
export { line } from "./Line.tsx";
export { rating } from "./Rating.tsx";
export const styles = place + composer + rates;
