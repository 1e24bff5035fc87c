import { expect, test } from "@playwright/test";
import { needsRedis, Servers, site } from "./gateway.ts";
import { Agent, leave, Visitor } from "./people.ts";

// Who gets whom: tickets in order of their score; each gets the eligible agent
// with the lowest load for their capacity, then the one with the fewest other
// languages, so that polyglots stay free.
let servers: Servers | undefined;

test.afterEach(async ({ browser }) => {
  await leave(browser);
  await servers?.stop();
  servers = undefined;
});

test("[desk-3] an en, a zh and a bilingual agent share the visitors by the rule and nobody has too many", async ({ browser }) => {
  needsRedis();
  servers = new Servers(site({ eve: 2, zoe: 2, bea: 1 }));
  await servers.startRedis();
  const [first, second] = [await servers.startGateway(), await servers.startGateway()];
  const eve = await Agent.starts(browser, first, "Eve", ["en"]);
  const zoe = await Agent.starts(browser, second, "Zoe", ["zh"]);
  const bea = await Agent.starts(browser, first, "Bea", ["en", "zh"]);

  /** Somebody joins on either gateway in turn. */
  let joined = 0;
  async function join(language: "en" | "zh", topic: string): Promise<Visitor> {
    const visitor = await Visitor.arrives(browser, joined++ % 2 === 0 ? first : second, "en");
    await visitor.joins(language, topic);
    return visitor;
  }

  await test.step("who has least to do comes first, and of equals who speaks fewest other languages", async () => {
    await join("en", "en one");
    await eve.accepts("en one"); // Eve 0/2, Bea 0/1: equal, but Bea also speaks zh
    await join("en", "en two");
    await bea.accepts("en two"); // Bea 0/1 is below Eve 1/2
    await join("en", "en three");
    await eve.accepts("en three"); // Bea is full
    await join("zh", "zh one");
    await zoe.accepts("zh one");
    await join("zh", "zh two");
    await zoe.accepts("zh two");
  });

  await test.step("with everybody full, visitors wait", async () => {
    for (const [agent, load] of [[eve, "2 of 2"], [zoe, "2 of 2"], [bea, "1 of 1"]] as const) {
      await expect(agent.page.getByTestId("load")).toHaveText(`${load} busy`);
    }
    const waitingForZh = await join("zh", "zh three");
    await waitingForZh.isNumber(1);
    await waitingForZh.status("waiting");
    const waitingForEn = await join("en", "en four");
    await waitingForEn.isNumber(1);
    await waitingForEn.status("waiting");
  });

  await test.step("a freed agent takes the longest waiting of all the queues they can serve", async () => {
    await bea.closes();
    await bea.accepts("zh three");
    await eve.closes();
    await eve.accepts("en four");
  });

  await expect(eve.tabs).toHaveCount(2);
  await expect(zoe.tabs).toHaveCount(2);
  await expect(bea.tabs).toHaveCount(1);
  eve.neverHadMoreThan(2);
  zoe.neverHadMoreThan(2);
  bea.neverHadMoreThan(1);
});
