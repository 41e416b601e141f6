import { mkdir, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { tellUnkept } from "../../src/cli/tell-unkept.js";
import { otlpAt } from "../support/destinations.js";
import { temporaryStore } from "../support/temporary-store.js";

test("what cannot be kept is told, with what follows from that", async () => {
  const paths = await temporaryStore();
  const told: string[] = [];
  const tell = (...destinations: ReturnType<typeof otlpAt>[]) =>
    tellUnkept({ paths, destinations }, { err: (text) => told.push(text) });
  tell();
  expect(told).toEqual([]);
  await writeFile(paths.root, "");
  tell();
  tell(otlpAt("http://127.0.0.1:9"));
  const where = `looptrace: ${paths.root} cannot be written to (it is a file, not a folder)`;
  const mend = "Mend that, or name another folder by LOOPTRACE_HOME.\n";
  expect(told).toEqual([
    `${where}, so sessions are not kept, and there is nowhere to send their traces.\n${mend}`,
    `${where}, so sessions are not kept, and what a destination does not take at once is lost.\n${mend}`,
  ]);
});

test("where only what waits has no place, sessions are kept", async () => {
  const paths = await temporaryStore();
  await mkdir(paths.root);
  await writeFile(paths.outbox, "");
  const told: string[] = [];
  for (const destinations of [[], [otlpAt("http://127.0.0.1:9")]])
    tellUnkept({ paths, destinations }, { err: (text) => told.push(text) });
  expect(told).toEqual([
    `looptrace: ${paths.outbox} cannot be written to (it is a file, not a folder), so what a destination does not take at once is lost.\nMend that, or name another folder by LOOPTRACE_HOME.\n`,
  ]);
});
