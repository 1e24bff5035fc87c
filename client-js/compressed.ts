import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

/** Returns the smallest form: which mode suits a text best shows only when it is tried. */
function brotli(plain: Buffer): Buffer {
  const modes = [constants.BROTLI_MODE_GENERIC, constants.BROTLI_MODE_TEXT, constants.BROTLI_MODE_FONT].map((mode) =>
    brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: plain.length, [constants.BROTLI_PARAM_MODE]: mode } }),
  );
  return modes.reduce((smallest, one) => (one.length < smallest.length ? one : smallest));
}

/** Writes beside every file of a build what it is in brotli and in gzip, where that is smaller. A gateway serves them as they are. */
export function compressed(): Plugin {
  return {
    name: "compressed",
    apply: "build",
    writeBundle({ dir = "dist" }, bundle) {
      for (const name of Object.keys(bundle)) {
        const file = join(dir, name);
        const plain = readFileSync(file);
        const coded = { br: brotli(plain), gz: gzipSync(plain, { level: 9 }) };
        for (const [ending, bytes] of Object.entries(coded)) {
          if (bytes.length < plain.length) {
            writeFileSync(`${file}.${ending}`, bytes);
          }
        }
      }
    },
  };
}
