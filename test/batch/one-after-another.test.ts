import { expect, test } from "vitest";
import { oneAfterAnother } from "../../src/batch/one-after-another.js";

test("work of one key waits for what was asked for before, whatever became of that; other work does not", async () => {
  const run = oneAfterAnother();
  const done: string[] = [];
  const releases: (() => void)[] = [];
  const slow = (name: string) => async (): Promise<string> => {
    done.push(`${name} begins`);
    await new Promise<void>((resolve) => releases.push(resolve));
    done.push(`${name} ends`);
    if (name === "a1") throw new Error("failed");
    return name;
  };
  const a1 = run("a", slow("a1"));
  const a2 = run("a", slow("a2"));
  const b1 = run("b", slow("b1"));
  const free = run(undefined, slow("free"));
  await new Promise((resolve) => setImmediate(resolve));
  expect(done.toSorted()).toEqual(["a1 begins", "b1 begins", "free begins"]);
  for (const release of releases.splice(0)) release();
  await expect(a1).rejects.toThrow("failed");
  expect(await Promise.all([b1, free])).toEqual(["b1", "free"]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toContain("a2 begins");
  for (const release of releases.splice(0)) release();
  expect(await a2).toBe("a2");
});
