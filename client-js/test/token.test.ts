import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { changeOf, tokenOf, type Config, type TokenSource } from "../src/widget/config.ts";

// Where the widget's tokens come from.

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
const jwt = (sub: string, more: object = {}) => `${encode({ alg: "HS256" })}.${encode({ sub, site: "shop", role: "visitor", ...more })}.s`;
const page = (source: TokenSource | undefined, tokenURL?: string, gateway = "https://chat.example") =>
  ({ source, tokenURL, gateway: { socket: gateway, queues: gateway } }) as Config;

beforeEach(() => void vi.stubGlobal("location", new URL("https://shop.example/cart")));
afterEach(() => vi.unstubAllGlobals());

function answers(body: string, { type = "text/html", status = 200, led = "" } = {}) {
  const answer = new Response(body, { status, headers: { "Content-Type": type } });
  if (led !== "") {
    Object.defineProperties(answer, { redirected: { value: true }, url: { value: `https://shop.example${led}` } });
  }
  vi.stubGlobal("fetch", () => Promise.resolve(answer));
}

describe("what the token's address answers", () => {
  test.each([
    ["JSON with a token", JSON.stringify({ token: jwt("lin") })],
    ["the token as text", ` ${jwt("lin")}\n`],
  ])("%s is taken", async (_, body) => {
    answers(body);
    await expect(tokenOf(page(undefined, "/token"))).resolves.toBe(jwt("lin"));
  });

  test.each([
    ["a log-in page", "<!doctype html><p>Log in to v1.2.3</p>", {}, "https://shop.example/token gave no token but text/html: is the visitor signed in there?"],
    ["a redirect to one", "<p>Log in</p>", { led: "/login?next=secret" }, "https://shop.example/token (which led to /login) gave no token but text/html: is the visitor signed in there?"],
    ["nothing", "", { type: "text/plain" }, "https://shop.example/token gave no token but nothing: is the visitor signed in there?"],
    ["an error as JSON", '{"error":"log in"}', { type: "application/json" }, "https://shop.example/token gave no token but application/json: is the visitor signed in there?"],
    ["a token that is null", '{"token":null}', { type: "application/json" }, "https://shop.example/token gave no token but application/json: is the visitor signed in there?"],
    ["JSON that is spoiled", `{"token":"${jwt("secret")}`, { type: "application/json" }, "https://shop.example/token gave no token but application/json: is the visitor signed in there?"],
    ["a refusal", "secret", { status: 401 }, "https://shop.example/token answered 401 instead of a token"],
  ])("%s is a failure that names its one cause, and nothing of the answer", async (_, body, how, why) => {
    answers(body, how);
    const failed = await tokenOf(page(undefined, "/token")).catch((error: Error) => error.message);
    expect(failed).toBe(why);
  });

  test.each(["<html>", "", undefined, null, 7, {}])("a function that gives %j has given no token", async (token) => {
    await expect(tokenOf(page((() => token) as unknown as TokenSource))).rejects.toThrow("the function that gives the token gave no token");
  });

  test("a page that says nothing of a token is told what to set", async () => {
    await expect(tokenOf(page(undefined))).rejects.toThrow("set token-url");
  });
});

describe("a change of the page", () => {
  const first = () => jwt("lin");
  test.each<[string, Config, Config, string]>([
    ["the same", page(undefined, "/token"), page(undefined, "/token"), "none"],
    ["another token-url", page(undefined, "/token"), page(undefined, "/token?bo"), "another"],
    ["no token-url any more", page(undefined, "/token"), page(undefined), "another"],
    ["another gateway", page(first), page(first, undefined, "https://other.example"), "another"],
    ["the same person's next token", page(jwt("lin")), page(jwt("lin", { exp: 9 })), "ask"],
    ["another person's token", page(jwt("lin")), page(jwt("bo")), "another"],
    ["the person of another site", page(jwt("lin")), page(jwt("lin", { site: "bank" })), "another"],
    ["another text that is no token", page("x"), page("y"), "another"],
    ["a first token, where there was none", page(undefined), page(first), "first"],
    ["a first token-url", page(undefined), page(undefined, "/token"), "first"],
    ["a gateway before there is a token", page(undefined), page(undefined, undefined, "https://other.example"), "first"],
    ["nothing yet", page(undefined), page(undefined), "none"],
    ["the same function", page(first), page(first), "none"],
    ["a new function", page(first), page(() => jwt("bo")), "ask"],
    ["a function instead of an address", page(undefined, "/token"), page(first), "another"],
    ["a function instead of a token", page(jwt("lin")), page(first), "another"],
  ])("%s", (_, before, after, change) => expect(changeOf(before, after)).toBe(change));
});
