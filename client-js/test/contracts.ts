import { readFileSync } from "node:fs";
import Ajv2020 from "ajv/dist/2020.js";
import { parse } from "yaml";

const docs = new URL("../../docs/", import.meta.url);

/** The two contracts for tools, by file, and what checks a value by a pointer into one of them. */
export function contracts() {
  const read = (file: string) => parse(readFileSync(new URL(file, docs), "utf8")) as Record<string, unknown>;
  const files = { "asyncapi.yaml": read("asyncapi.yaml"), "openapi.yaml": read("openapi.yaml") };
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  for (const [file, content] of Object.entries(files)) {
    ajv.addSchema(content, file);
  }
  const checks = new Map<string, ReturnType<typeof ajv.compile>>();
  /** What is wrong with the value, nothing where it is right. */
  const faults = (pointer: string, value: unknown): string[] => {
    const check = checks.get(pointer) ?? ajv.compile({ $ref: pointer });
    checks.set(pointer, check);
    return check(value) ? [] : (check.errors ?? []).map((e) => `${e.instancePath} ${e.message ?? ""} ${JSON.stringify(e.params)}`);
  };
  return { files, faults };
}
