import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf } from "../../errors/thrown.js";
import { namesIn } from "../../files/private-files.js";
import type { WantedSessions } from "../../wire/lines-of-sessions.js";
import { readLongRecording } from "../../wire/read-long-recording.js";
import { tapFile } from "../../wire/tap/tap-file.js";
import type { Generation } from "./generation.js";
import { type RunFolder, readBounded } from "./run-folder.js";

/**
 * What is recorded of opencode's requests to models: all, or only sizes, hashes and times.
 */
export type WireMode = "full" | "sizes" | "off";

/** A recording of what an opencode sends to models, made by the tap in its own process. */
export interface WireRecording {
  /** For the environment of the opencode that is to be started. */
  readonly variables: Readonly<Record<string, string>>;
  /** Whether the tap is in it at all: whether it was asked for, and could be. */
  readonly isOn: boolean;
  /**
   * Says which trace the prompt will become that a session is about to get; its requests then carry it. Undefined where
   * they are not to, or cannot.
   */
  readonly announce: ((sessionId: string, traceId: string) => Promise<void>) | undefined;
  /** Says that a session's turn is over: what calls a tool server then calls it for another. */
  readonly conclude: (sessionId: string) => Promise<void>;
  /** How long it is now, for a run that begins. */
  mark(): Promise<WireMark>;
  /** What belongs to a run, for once it is over. */
  read(run: WireWish): Promise<RecordedWire>;
}

/** The sizes of the recording's files at some moment, in bytes. */
export type WireMark = ReadonlyMap<string, number>;

/** Which of a recording belongs to a run. */
export interface WireWish {
  /** The run's sessions; those below them are found. Without any it is all. */
  readonly sessionIds: readonly string[];
  /** Where in the recording it begins; not for a session that was there before: later requests are told by former ones. */
  readonly since?: WireMark | undefined;
  /** Whether other runs may stand in it. */
  readonly isShared: boolean;
}

export interface RecordedWire {
  /** Its lines; null where there is no recording. */
  readonly text: string | null;
  /** A sentence for a person, where one was wanted and there is none. */
  readonly notes: readonly string[];
}

export interface WireRecordingOptions {
  readonly mode: WireMode;
  readonly generation: Generation;
  /** What is to be started: `opencode run` of opencode 2 asks no models itself, but by a server that it starts. */
  readonly command: "run" | "serve";
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Whether its requests carry the trace that they belong to. */
  readonly propagates?: boolean | undefined;
}

const MOST_STOP_BYTES = 4096;
/** What the folder of its recordings is called, in a run folder. */
export const RECORDINGS = "wire";
const PRELOAD = "BUN_INSPECT_PRELOAD";
const MISSING = "What opencode sent to the model was not recorded";

/**
 * Puts the tap where an opencode that is about to be started loads it from, and a folder beside it for what it records.
 * Where that cannot be, the run is as without it.
 */
export async function wireRecording(
  folder: Pick<RunFolder, "path" | "write">,
  options: WireRecordingOptions,
): Promise<WireRecording> {
  const { mode, environment, generation, command } = options;
  // By `opencode run` a prompt gets its id, which its trace's follows from, where nothing tells of it.
  const propagates = options.propagates === true && command === "serve";
  // The user's own plugin is to record nothing either.
  if (mode === "off") return { ...noRecording([]), variables: { LOOPTRACE_WIRE_FOLDER: "" } };
  if (environment[PRELOAD])
    return noRecording([`${MISSING}: ${PRELOAD} is set already, and only one file can be loaded by it.`]);
  const recordings = join(folder.path, RECORDINGS);
  try {
    const { text, extension } = tapFile(propagates);
    await mkdir(recordings, { mode: 0o700, recursive: true });
    // A file that is not there would end opencode at once.
    const path = await folder.write(`tap${extension}`, text);
    if ((await stat(path)).size !== Buffer.byteLength(text)) throw new Error(`${path} is cut off`);
    const variables = {
      [PRELOAD]: path,
      LOOPTRACE_WIRE_FOLDER: recordings,
      ...(mode === "sizes" ? { LOOPTRACE_WIRE_CONTENT: "0" } : {}),
      ...(propagates ? { LOOPTRACE_TRACES: recordings } : {}),
      // It has traces of its own in its requests, which it sends to none.
      ...(propagates && generation === 2 ? { LOOPTRACE_TRACES_ANEW: "1" } : {}),
      ...(generation === 2 && command === "run" ? { LOOPTRACE_WIRE_STARTS_ANOTHER: "1" } : {}),
    };
    return { ...recordingAt(recordings, propagates), variables };
  } catch (error) {
    return noRecording([`${MISSING}: ${messageOf(error)}`]);
  }
}

/**
 * A recording that is being made of a server which another process has started.
 *
 * @param propagates whether its requests carry the trace that they belong to
 */
export function recordingAt(recordings: string, propagates: boolean): WireRecording {
  const tell = (sessionId: string, said: string): Promise<void> =>
    writeFile(join(recordings, `${sessionId}.trace`), said, { mode: 0o600 });
  const told = new Map<string, string>();
  const announce = (sessionId: string, traceId: string): Promise<void> => {
    told.set(sessionId, traceId);
    return tell(sessionId, traceId);
  };
  const conclude = async (sessionId: string): Promise<void> => {
    // A title may still be asked for.
    const traceId = told.get(sessionId);
    if (traceId !== undefined) await tell(sessionId, `${traceId}\nover`);
    told.delete(sessionId);
  };
  return {
    variables: {},
    isOn: true,
    announce: propagates ? announce : undefined,
    conclude,
    mark: () => sizesIn(recordings),
    read: (run) => readWire(recordings, run),
  };
}

/** None, and why. */
export function noRecording(notes: readonly string[]): WireRecording {
  return {
    variables: {},
    isOn: false,
    announce: undefined,
    conclude: async () => undefined,
    mark: async () => new Map(),
    read: async () => ({ text: null, notes }),
  };
}

async function sizesIn(recordings: string): Promise<WireMark> {
  const names = (await namesIn(recordings)).filter((name) => name.endsWith(".jsonl"));
  return new Map(
    await Promise.all(names.map(async (name) => [name, (await stat(join(recordings, name))).size] as const)),
  );
}

async function readWire(recordings: string, { sessionIds, since, isShared }: WireWish): Promise<RecordedWire> {
  try {
    const sizes = await sizesIn(recordings);
    const wanted = { sessionIds, unnamed: !isShared };
    const own = await Promise.all(
      [...sizes.keys()].map((name) => textFrom(join(recordings, name), { ...wanted, from: since?.get(name) ?? 0 })),
    );
    // A process that asked no model has a first line, and nothing else.
    const told = own.filter((one) => one.includes('\n{"t":"request"'));
    const text = told.length > 0 ? told.join("") : (own[0] ?? "");
    if (text !== "") return { text, notes: notesIn(text) };
    const why = "looptrace's tap was not loaded; its Bun may be one that knows no BUN_INSPECT_PRELOAD";
    return { text: null, notes: sessionIds.length === 0 ? [] : [`${MISSING}: ${why}.`] };
  } catch (error) {
    return { text: null, notes: [`${MISSING}: ${messageOf(error)}`] };
  }
}

const NOTE = /^\{"t":"note","text":(".*")\}$/gm;

/** What the tap has to say of it, once each; what is lost is told of when the recording is read. */
function notesIn(text: string): readonly string[] {
  return [...new Set(Array.from(text.matchAll(NOTE), ([, said = '""']) => String(JSON.parse(said))))];
}

/**
 * A recording from somewhere on, with its first line, which says what it is; where it had stopped before, with why.
 */
async function textFrom(path: string, wanted: WantedSessions & { readonly from: number }): Promise<string> {
  const { from } = wanted;
  const text = await readLongRecording(path, wanted);
  if (from === 0) return text;
  const head = await readBounded(path, MOST_STOP_BYTES);
  const first = head.slice(0, head.indexOf("\n") + 1);
  // Nothing has come since, of no session.
  const { size } = await stat(path);
  return size > from ? `${first}${text}` : `${first}${await stopIn(path, from)}`;
}

/** The line with which the tap has stopped: the last one, behind an empty line. */
async function stopIn(path: string, size: number): Promise<string> {
  const end = await readBounded(path, MOST_STOP_BYTES, Math.max(0, size - MOST_STOP_BYTES));
  return /\n\n(\{"t":"lost",.*\}\n)$/.exec(end)?.[1] ?? "";
}
