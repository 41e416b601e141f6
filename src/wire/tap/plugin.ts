/**
 * The tap as a plugin, for an opencode that looptrace does not start itself: a TUI, or a server that it attaches to. It
 * is copied with the tap to where opencode finds it; beside them stands in installed.json which looptrace did that.
 *
 * As the tap it must not be felt in opencode. With looptrace gone it does nothing.
 */
import { type Mode, type Open, type Tap, tapInto } from "./tap.js";

/** What opencode tells of a tool's call, and opencode 2 of a request to a model. */
type Call = { readonly tool: string; readonly sessionID: string; readonly callID: string };
type Asked = { readonly sessionID: string; readonly kind: string; readonly request: Request; response: Response };
type Hooks = { hook(name: string, callback: (event: never) => void): Promise<unknown> };

/** What may be left for looptrace, which clears it away. */
const MOST_KEPT_BYTES = 512 * 1024 * 1024;
const MOST_TOOLS = 1000;
const MOST_PURPOSES = 100;

/** Whether looptrace is there still, and has cleared away what it read; the folder is made where it is not there. */
function isWanted(fs: typeof import("node:fs"), looptrace: string, folder: string): boolean {
  if (!fs.existsSync(looptrace)) return false;
  fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
  const { uid, mode } = fs.lstatSync(folder);
  if (!fs.lstatSync(folder).isDirectory() || uid !== process.getuid?.() || (mode & 0o077) !== 0) return false;
  const sizes = fs.readdirSync(folder).map((name) => fs.lstatSync(`${folder}/${name}`).size);
  return sizes.reduce((sum, size) => sum + size, 0) < MOST_KEPT_BYTES;
}

function tapOf(mode: Mode): Tap | undefined {
  try {
    // looptrace says that nothing is to be recorded of what it started.
    if (process.env.LOOPTRACE_WIRE_FOLDER === "") return undefined;
    const fs = process.getBuiltinModule("node:fs");
    const { looptrace, folder, content } = JSON.parse(
      fs.readFileSync(new URL("installed.json", import.meta.url), "utf8"),
    );
    return tapInto(() => (isWanted(fs, looptrace, folder) ? folder : undefined), mode, content !== false);
  } catch {
    return undefined;
  }
}

/** When tools really begin and end. */
function toolTimes({ now, quietly, write }: Tap) {
  // Some providers count their calls anew in each answer.
  const began = new Map<string, number>();
  const keyOf = ({ sessionID, callID }: Call): string => `${sessionID} ${callID}`;
  return {
    before: (call: Call) => quietly(() => (began.size < MOST_TOOLS ? began.set(keyOf(call), now()) : undefined)),
    after: (of: Call) =>
      quietly(() => {
        const { tool, sessionID: session, callID: call } = of;
        const start = began.get(keyOf(of));
        began.delete(keyOf(of));
        if (start !== undefined) write({ t: "tool", session, call, tool, start, end: now() });
      }),
  };
}

/** The plugin of opencode 1. */
async function looptraceWire(): Promise<object> {
  const tap = tapOf("plugin");
  if (!tap) return {};
  const { before, after } = toolTimes(tap);
  return {
    "tool.execute.before": async (call: Call) => void before(call),
    "tool.execute.after": async (call: Call) => void after(call),
  };
}

/** That of opencode 2, which takes hooks that it does not know too, and never calls them. */
async function setup({ tool, session }: { readonly tool: Hooks; readonly session: Hooks }): Promise<void> {
  const tap = tapOf("hooks");
  if (!tap) return;
  const { before, after } = toolTimes(tap);
  const opened = new Map<string, Open | undefined>();
  const onRequest = ({ sessionID, kind, request }: Asked): void => {
    const begun = (body: string) =>
      tap.quietly(() => {
        if (tap.mode === "hooks") return opened.set(`${sessionID} ${kind}`, tap.asked(request, { body }, kind));
        // It goes out by `fetch` in a moment, perhaps behind another one of the session.
        if (tap.purposes.size >= MOST_PURPOSES) tap.purposes.clear();
        return tap.purposes.set(tap.hashOf(body), kind);
      });
    request
      .clone()
      .text()
      .then(begun, () => undefined);
  };
  const onResponse = (event: Asked): void => {
    const key = `${event.sessionID} ${event.kind}`;
    const open = opened.get(key);
    // The next one may be answered before it is known what it asked.
    opened.delete(key);
    if (open) event.response = tap.answered(open, event.response);
  };
  try {
    await tool.hook("execute.before", before);
    await tool.hook("execute.after", after);
    await session.hook("http.request", (event: Asked) => void tap.quietly(() => onRequest(event)));
    await session.hook("http.response", (event: Asked) => void tap.quietly(() => onResponse(event)));
  } catch {
    // What it does not have it cannot tell.
  }
}

// The first generation takes nothing but functions, the second nothing but an object.
export default process.env.OPENCODE_PID === String(process.pid) ? looptraceWire : { id: "looptrace-wire", setup };
