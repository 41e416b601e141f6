import { describeDiskFailure } from "../files/disk-failure.js";
import type { StorePaths } from "../files/store-paths.js";
import { SHORT } from "../files/write-together.js";
import { type Masking, maskFor } from "../masking/mask.js";
import { asMasked, type Masked, maskedLike } from "../masking/masked.js";
import type { SessionTree } from "../opencode/session.js";
import { wireMasking } from "../wire/masking/mask-wire.js";
import type { WireEvidence } from "../wire/model.js";
import { type PluginRecording, pluginRecordingsOf } from "../wire/plugin-recordings.js";
import { mergeWires, recordingsIn, wireOfSessions } from "../wire/recording/combine.js";
import { parseExchangeId } from "../wire/recording/exchange-id.js";
import { readRecording } from "../wire/recording/read-recording.js";
import { clearRecordings } from "./clear-recordings.js";
import { flattenTree, type SessionEvidence } from "./loaded-session.js";
import { saveStartLog } from "./save-start-log.js";
import {
  type EvidenceSnapshot,
  evidenceFiles,
  mergeEvidence,
  noEvidence,
  readEvidenceFiles,
} from "./session-evidence.js";
import { type SessionSnapshot, saveSession } from "./session-store.js";
import type { NamesOf } from "./store-files.js";

export interface RecorderOptions {
  /** Where sessions are stored; null stores nothing. */
  readonly paths: StorePaths | null;
  readonly masking: Masking | undefined;
  /** Where the store has been listed already. */
  readonly namesOf?: NamesOf | undefined;
  /** Whether what is stored outlives a crash of the machine at once, see `saveSession`; default true. */
  readonly lasting?: boolean | undefined;
}

/** A session as it was seen, with its secrets. */
export interface SeenSession<Tree extends SessionTree | null = SessionTree> extends Omit<EvidenceSnapshot, "wire"> {
  /** The session with those of its subagents; null where none was seen. */
  readonly tree: Tree;
  /** opencode's exports by session id. All of the tree stands in them. */
  readonly raw: ReadonlyMap<string, string>;
  /**
   * Recordings of what opencode sent to models, as its tap wrote them; undefined: what looptrace's plugin has recorded,
   * if anything.
   */
  readonly wire?: string | null | undefined;
}

/** What was recorded, as it may be stored, shown and sent. */
export interface RecordedSession<Tree, Beside> extends MaskedSession<Tree, Beside>, Kept {}

/** What was seen, as it may be stored, shown and sent. */
export interface MaskedSession<Tree, Beside> {
  readonly tree: Tree;
  /** With what was stored of the session before. */
  readonly evidence: SessionEvidence;
  /** What this look alone told. */
  readonly seen: EvidenceSnapshot;
  readonly beside: Beside;
}

/** What became of it. */
export interface Kept {
  /** Whether the session is in the store. */
  readonly stored: boolean;
  /** What could not be done, a sentence each. */
  readonly notes: readonly string[];
}

/** A session that is masked and on its way into the store. */
export interface SessionOnItsWay<Tree, Beside> {
  readonly seen: Masked<MaskedSession<Tree, Beside>>;
  /** Never fails. */
  readonly kept: Promise<Kept>;
}

/**
 * Masks sessions as they are seen, stores them and hands them on. What is loaded again is masked by
 * `loaded-session.ts`.
 */
export class SessionRecorder {
  readonly #paths: StorePaths | null;
  readonly #masking: Masking;
  readonly #namesOf: NamesOf | undefined;
  readonly #lasting: boolean;

  constructor({ paths, masking = {}, namesOf, lasting = true }: RecorderOptions) {
    this.#paths = paths;
    this.#masking = masking;
    this.#namesOf = namesOf;
    this.#lasting = lasting;
  }

  /**
   * Masks a session together with what was stored of it before, once, and stores it. A disk that fails becomes a note.
   *
   * @param beside plain data that may quote the session: it is masked with it, and not stored
   */
  async record<Tree extends SessionTree | null, Beside>(
    session: SeenSession<Tree>,
    beside: Beside,
  ): Promise<Masked<RecordedSession<Tree, Beside>>> {
    const { seen, kept } = await this.begin(session, beside);
    return maskedLike({ ...seen, ...(await kept) }, seen);
  }

  /**
   * The same, but does not wait for the store where the session is short: it is to be waited for before anybody is told
   * that all is done.
   */
  async begin<Tree extends SessionTree | null, Beside>(
    session: SeenSession<Tree>,
    beside: Beside,
  ): Promise<SessionOnItsWay<Tree, Beside>> {
    const { tree, raw, logText, runs, mcpServers } = session;
    const paths = tree && this.#paths;
    const rootId = tree?.session.info.id ?? "";
    const ids = [...new Set([...(tree ? flattenTree(tree).map(({ info }) => info.id) : []), ...raw.keys()])];
    const ofPlugin = paths && session.wire === undefined ? await pluginRecordingsOf(paths.root, ids) : [];
    const recordings = [...ofPlugin, ...(session.wire ? [{ name: rootId, text: session.wire }] : [])];
    const recorded = tree ? recordedOf(recordings, ids) : undefined;
    const before = paths ? await readEvidenceFiles(paths, rootId, this.#namesOf).catch(() => noEvidence) : noEvidence;
    const earlier = {
      logs: [...before.logs.values()],
      runs: [...before.runs.values()],
      mcpServers: before.mcpServers,
    };
    const exports = [...raw.values()].map((text): unknown => JSON.parse(text));
    // What a recording had before counts as a part of it.
    const sent = wireMasking(mergeWires([...before.wires.values(), recorded]));
    const values = [exports, logText, runs, mcpServers, earlier, beside, ...sent.values];
    const mask = await maskFor(values, this.#masking, sent.known);
    const masked = <T extends object>(value: T): Masked<T> => asMasked(value, this.#masking);

    const wire = recorded || before.wires.size > 0 ? sent.masked(mask) : undefined;
    const seen = {
      ...mask({ logText, runs, mcpServers }),
      ...(wire && recorded ? { wire: onlyOf(wire, recorded) } : {}),
    };
    const texts = [...raw].map(([id, text], index) => [id, mask.json(text, exports[index])] as const);
    const maskedTree = mask(tree);
    const snapshot = masked({ rootId, raw: new Map(texts), isByRules: mask.isByRules, ...seen });
    const recordingNames = ofPlugin.map(({ name }) => name);
    const kept = paths ? this.#keep(paths, snapshot, recordingNames) : Promise.resolve({ stored: false, notes: [] });
    // What is long keeps the process busy for long behind this, in which nothing would be put in its place.
    if ([...texts.map(([, text]) => text), ...recordings.map(({ text }) => text)].some(isLong)) await kept;
    const earlierMasked = {
      logs: new Map([...before.logs].map(([name, text]) => [name, mask(text)])),
      runs: new Map([...before.runs].map(([name, run]) => [name, mask(run)])),
      mcpServers: before.mcpServers && mask(before.mcpServers),
      wires: wire ? recordingsIn(wire, "") : new Map(),
    };
    const looks = [earlierMasked, evidenceFiles(seen)];
    const merging = mergeEvidence(paths, maskedTree?.session, looks, this.#namesOf);
    const evidence = await merging.catch(async (error: unknown) => {
      await kept;
      throw error;
    });
    return { seen: masked({ tree: maskedTree, evidence, seen, beside: mask(beside) }), kept };
  }

  async #keep(paths: StorePaths, snapshot: Masked<SessionSnapshot>, recordings: readonly string[]): Promise<Kept> {
    let stored = false;
    try {
      await saveSession(paths, snapshot, { lasting: this.#lasting });
      stored = true;
      await clearRecordings(paths, recordings);
    } catch (error) {
      const why = describeDiskFailure(error);
      return { stored, notes: [`The session could not be kept below ${paths.sessions}: ${why}.`] };
    }
    return { stored, notes: [] };
  }

  /**
   * Stores what opencode logged in runs that came to no turn: there is no session whose log could hold it.
   *
   * @returns a sentence for each that says where, or why not
   */
  async recordStartLog({ seen }: Masked<MaskedSession<unknown, unknown>>): Promise<readonly string[]> {
    const paths = this.#paths;
    if (!paths) return [];
    const logs = (seen.runs ?? []).filter(({ logText = "" }) => logText.trim() !== "");
    return await Promise.all(
      logs.map(({ run, logText = "" }) =>
        saveStartLog(paths, run, logText).then(
          (path) => `All that opencode said is kept in ${path}`,
          (error: unknown) =>
            `What opencode said could not be kept below ${paths.root}: ${describeDiskFailure(error)}.`,
        ),
      ),
    );
  }
}

function isLong(text: string): boolean {
  return text.length > SHORT;
}

/** What recordings say of a session and of those below it. */
function recordedOf(recordings: readonly PluginRecording[], ids: readonly string[]): WireEvidence | undefined {
  const read = mergeWires(recordings.map(({ name, text }) => readRecording(text, name)));
  if (!read) return undefined;
  const wire = wireOfSessions(read, ids);
  // A process that asked no model of theirs tells nothing.
  return wire.exchanges.length + wire.notes.length + (wire.tools ?? []).length > 0 ? wire : undefined;
}

/** Of all that was recorded, the recordings that were seen now. */
function onlyOf(all: WireEvidence, seen: WireEvidence): WireEvidence {
  const names = new Set(seen.exchanges.map(({ id }) => parseExchangeId(id)?.recording));
  return { ...all, exchanges: all.exchanges.filter(({ id }) => names.has(parseExchangeId(id)?.recording)) };
}
