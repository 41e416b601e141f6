import { z } from "zod";
import { sessionFindings } from "../../analysis/findings/session-findings.js";
import { segmentTexts } from "../../analysis/segment-texts.js";
import { maskFor } from "../../masking/mask.js";
import { readExport } from "../../opencode/session.js";
import { assembleFound, type FoundSession, maskFound } from "../../sessions/loaded-session.js";
import { traceSession } from "../../trace/trace-session.js";
import { withUserPrices } from "../../trace/user-priced.js";
import { wireOfSessions } from "../../wire/recording/combine.js";
import { readRecording } from "../../wire/recording/read-recording.js";
import { reportBuilder } from "../data/build-report.js";
import type { PageAssets } from "../data/page-policy.js";
import { reportHtml } from "../data/report-html.js";
import { ForeignPageError, reportOfHtml } from "../data/report-of-html.js";
import type { KeptSource } from "./kept-source.js";

/** Files that were given to the page, with their texts. */
export const givenFiles = z.object({
  files: z.array(z.object({ name: z.string(), text: z.string() })).min(1),
});
type GivenFile = z.infer<typeof givenFiles>["files"][number];

/** Reports of files that were given to the page: in memory, the last few alone, and nothing is kept. */
export interface OpenedFiles {
  /**
   * @returns the number by which the report is asked for
   * @throws {InvalidExportError} for a file that is no export
   * @throws {ForeignPageError} for a page that is no report of this looptrace
   */
  open(files: readonly GivenFile[]): Promise<number>;
  /** The page in pieces; undefined where there is none of the number any more. */
  page(number: number): readonly string[] | undefined;
}

const MOST = 8;

type OpenedSource = Pick<KeptSource, "masking" | "prices">;

/** From these pages too a link leads to the list. */
const KEPT = {};

/** @param version looptrace's own */
export function openedFiles(source: OpenedSource, assets: PageAssets, version: string): OpenedFiles {
  const { masking, prices } = source;
  const pages = new Map<number, readonly string[]>();
  let last = 0;
  return {
    async open(files) {
      const [first, ...more] = files;
      const isPage = first !== undefined && more.length === 0 && /^\s*</.test(first.text);
      const pieces = isPage ? await pageAgain(first) : await reportOfExports(files);
      last += 1;
      pages.set(last, pieces);
      for (const number of pages.keys()) if (number <= last - MOST) pages.delete(number);
      return last;
    },
    page: (number) => pages.get(number),
  };

  async function pageAgain({ name, text }: GivenFile): Promise<readonly string[]> {
    try {
      const { data, chunks } = reportOfHtml(text, version);
      const report = { data: { ...data, kept: KEPT }, chunks };
      const mask = await maskFor([report], masking);
      return reportHtml(mask(report), assets);
    } catch (error) {
      if (error instanceof ForeignPageError) throw new ForeignPageError(`${name}: ${error.message}`);
      throw error;
    }
  }

  async function reportOfExports(files: readonly GivenFile[]): Promise<readonly string[]> {
    const exports = files.filter(({ name }) => !WIRE.test(name));
    const found = exports.map(({ name, text }): FoundSession => {
      const session = readExport(text, name);
      const beside = files.find((file) => file.name === name.replace(/\.json$/, ".wire.jsonl"));
      const wire = beside && wireOfSessions(readRecording(beside.text, beside.name), [session.info.id]);
      return { sessions: [session], logText: "", runs: [], ...(wire ? { wire } : {}) };
    });
    const masked = await Promise.all(found.map((one) => maskFound(one, masking)));
    const builder = reportBuilder(version);
    for (const { tree, evidence } of assembleFound(masked)) {
      const texts = segmentTexts(evidence.wire?.exchanges ?? []);
      const traces = withUserPrices(traceSession(tree, evidence), prices);
      for (const trace of traces) builder.add(trace, texts);
      builder.addFindings(sessionFindings(traces, prices));
    }
    if (builder.size === 0)
      throw new ForeignPageError(`${files.map(({ name }) => name).join(", ")}: it holds no prompt yet.`);
    return reportHtml(builder.finish(undefined, KEPT), assets);
  }
}

/** A recording of what was sent to models, beside the export of the same name. */
const WIRE = /\.wire\.jsonl$/;
