import { createHash } from "node:crypto";
import { expect } from "vitest";
import type { Provider } from "../provider/start-provider.js";
import { compareRecording, linesIn } from "./compare-recording.js";

/** Holds a recording to what the provider itself knows. */
export function expectRecorded(wire: string, provider: Pick<Provider, "requests" | "bodies" | "answers">): void {
  const { requests, bodies, problems } = compareRecording(wire, provider);
  expect({ problems, bodies }).toEqual({ problems: [], bodies: requests });
}

/** Holds a recording without texts to the same: there are sizes, hashes and times. */
export function expectSizes(wire: string, { bodies }: Pick<Provider, "bodies">): void {
  const lines = linesIn(wire);
  expect(lines.map(({ t }) => t)).toEqual(expect.arrayContaining(["tap", "request", "response", "part", "end"]));
  expect(lines.filter((line) => "middle" in line || "text" in line)).toEqual([]);
  const hashes = bodies.map((body) => createHash("sha256").update(body).digest("hex"));
  expect(lines.flatMap(({ hash }) => hash ?? []).sort()).toEqual([...hashes].sort());
}
