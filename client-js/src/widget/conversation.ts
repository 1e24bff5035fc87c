/** A conversation and the box to write in. Fetched with the first ticket. */
export { chat } from "./Chat.tsx";
