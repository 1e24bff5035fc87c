import { AgentClient, type Conversation } from "../../core/index.ts";

/** An agent's client that also reads what is not on the desk: one's own conversations of before, and a visitor's earlier ones. */
export class DeskClient extends AgentClient {
  review(ticket: string): Conversation {
    return this.follow(ticket);
  }

  /** Ends a review, but not what is on the desk. */
  putAway(ticket: string): void {
    if (!this.held.some((h) => h.ticket.ticket === ticket)) {
      this.unfollow(ticket);
    }
  }
}
