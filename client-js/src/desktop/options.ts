/** What a page gives a desk. */
export interface DeskOptions {
  /** ws: or wss: address of /v1/connect; with those of several gateways, each failure leads to the next. */
  url: string | readonly string[];
  /** http: or https: address of a gateway, with a slash at its end: the team and earlier conversations come from there. */
  http: string;
  /** Gives a token for every connect and before each expiry. */
  token: () => string | Promise<string>;
  /** What the token is for: an agent gets the desk, a supervisor the board. */
  role: "agent" | "supervisor";
  /** Called by the button that signs out; without it there is none. */
  signOut?: () => void;
}
