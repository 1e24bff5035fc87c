import { createConfig, lint } from "@redocly/openapi-core";
import { expect, test } from "vitest";
import { contracts } from "./contracts.ts";
import { fixtures } from "./fixtures.ts";

const { files, faults } = contracts();
const schemaOf = (frame: { type: string }) => `asyncapi.yaml#/components/messages/${frame.type}/payload`;
const all = [...fixtures("client"), ...fixtures("server")] as [string, { type: string }][];

test.each(["asyncapi.yaml", "openapi.yaml"])("docs/%s is a valid document of its kind", async (file) => {
  const config = await createConfig({ extends: ["spec"] });
  const problems = await lint({ ref: new URL(`../../docs/${file}`, import.meta.url).pathname, config });
  expect(problems.map((p) => `${p.ruleId}: ${p.message} ${p.location.map((l) => l.pointer).join(" ")}`)).toEqual([]);
});

test.each(all)("the golden frame %s is what asyncapi.yaml says", (_, frame) => {
  expect(faults(schemaOf(frame), frame)).toEqual([]);
});

test.each(all)("%s without a field that it must have, or with a field of another type, is not", (_, frame) => {
  const { type, ...fields } = frame;
  expect(faults(schemaOf(frame), fields)).not.toEqual([]);
  for (const key of Object.keys(fields)) {
    expect(faults(schemaOf(frame), { type, ...fields, [key]: [null] }), key).not.toEqual([]);
  }
});

test("[frame-5] a client's frame with a field that nobody knows is refused, a server's is not", () => {
  for (const [name, frame] of all) {
    const sent = name.startsWith("client.");
    expect(faults(schemaOf(frame), { ...frame, surprise: 1 }).length > 0, name).toBe(
      sent || frame.type === "typing" || frame.type === "heartbeat",
    );
  }
});

test("every field of every golden frame of the server is described", () => {
  const { schemas } = files["asyncapi.yaml"]["components"] as { schemas: Record<string, { properties?: object }> };
  for (const [name, frame] of fixtures("server") as Map<string, { type: string }>) {
    const schema = Object.entries(schemas).find(
      ([key]) => key.toLowerCase() === `${frame.type.replace("_", "")}frame`,
    )?.[1];
    expect(Object.keys(schema?.properties ?? {}), name).toEqual(expect.arrayContaining(Object.keys(frame)));
  }
});

test("the example of GET /v1/queues is what openapi.yaml says", () => {
  const pointer = "openapi.yaml#/paths/~1v1~1queues/get/responses/200/content/application~1json";
  const { paths } = files["openapi.yaml"] as { paths: Record<string, { get: { responses: Record<string, { content: Record<string, { example: unknown }> }> } }> };
  const example = paths["/v1/queues"]?.get.responses["200"]?.content["application/json"]?.example;
  expect(faults(`${pointer}/schema`, example)).toEqual([]);
  expect(faults(`${pointer}/schema`, [{ queue: "support/zh" }])).not.toEqual([]);
});
