import { expect } from "vitest";
import type { Provider } from "../provider/start-provider.js";
import { compareRecording } from "./compare-recording.js";

/** Holds a recording to what the provider itself knows. */
export function expectRecorded(wire: string, provider: Pick<Provider, "requests" | "bodies" | "answers">): void {
  const { requests, bodies, problems } = compareRecording(wire, provider);
  expect({ problems, bodies }).toEqual({ problems: [], bodies: requests });
}
