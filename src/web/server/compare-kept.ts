import { type DiffInput, diffSessions } from "../../analysis/session-diff.js";
import { assembleFound, maskFound } from "../../sessions/loaded-session.js";
import { storedSession } from "../../sessions/session-store.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import type { ComparisonData } from "../data/comparison.js";
import { comparisonData } from "../data/comparison-data.js";
import type { KeptSource } from "./kept-source.js";

/**
 * Two kept sessions side by side.
 *
 * @returns undefined where one of them is not kept
 * @throws {InvalidExportError} when one cannot be read
 */
export async function compareKept(a: string, b: string, source: KeptSource): Promise<ComparisonData | undefined> {
  const [left, right] = await Promise.all([sideOf(a, source), sideOf(b, source)]);
  return left && right ? comparisonData(diffSessions(left, right)) : undefined;
}

async function sideOf(id: string, { paths, masking, prices }: KeptSource): Promise<DiffInput | undefined> {
  const stored = await storedSession(paths, id);
  const [loaded] = stored ? assembleFound([await maskFound(stored, masking)]) : [];
  if (!loaded) return undefined;
  const { tree, evidence } = loaded;
  const { title, version } = tree.session.info;
  return {
    session: { id: tree.session.info.id, title, opencodeVersion: version },
    traces: withUserPrices(traceSession(tree, evidence), prices),
  };
}
