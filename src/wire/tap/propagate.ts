/**
 * Gives each request to a model the `traceparent` of the trace that looptrace will send, and each call of a tool server
 * too: runs inside opencode's own process, behind the tap in the same file and without imports, so that the tap records
 * what this puts in.
 *
 * Which trace a session is at stands in a file of the session's name, written before each prompt. Like the tap it never
 * throws and never waits; what goes wrong leaves a request as it was.
 */

type Fetch = Parameters<typeof fetch>;
interface Recording {
  quietly(work: () => void): void;
  write(line: object): void;
  now(): number;
}

/** @param isAnew whether a `traceparent` that is there already is opencode's own, which leads nowhere */
function carryTraceparents(folder: string, isAnew: boolean): void {
  const { readFileSync, readdirSync } = process.getBuiltinModule("node:fs");
  const { randomBytes } = process.getBuiltinModule("node:crypto");
  const sessions = ["x-opencode-session", "x-opencode-session-id", "x-session-affinity", "x-session-id"];
  /** The session above each subagent's. */
  const parents = new Map<string, string>();
  /** Those that want no such header. */
  const refusing = new Set<string>();

  /** The trace of a root session, and whether its turn is over. */
  const told = (root: string): [trace: string, isOver: boolean] | undefined => {
    const [trace = "", over] = readFileSync(`${folder}/${root}.trace`, "utf8").trim().split("\n");
    return /^[0-9a-f]{32}$/.test(trace) ? [trace, over !== undefined] : undefined;
  };
  const traceOf = (session: string): string | undefined => {
    let root = session;
    // No family is as deep.
    for (let depth = 0; depth < 64 && parents.has(root); depth += 1) root = parents.get(root) ?? root;
    return /^\w+$/.test(root) ? told(root)?.[0] : undefined;
  };
  const minted = (trace: string): string => `00-${trace}-${randomBytes(8).toString("hex")}-01`;
  const record = (line: (recording: Recording) => object): void => {
    const shared = globalThis as { readonly [key: symbol]: Recording | undefined };
    const recording = shared[Symbol.for("looptrace.wire.tap")];
    recording?.quietly(() => recording.write(line(recording)));
  };

  /** Of a tool server it is not known which session it is called for: only one may be at work. */
  const forTool = (body: unknown): string | undefined => {
    const asked = typeof body === "string" && body.includes('"tools/call"') ? JSON.parse(body) : undefined;
    const tool = asked?.method === "tools/call" ? asked.params?.name : undefined;
    if (typeof tool !== "string") return undefined;
    const names = readdirSync(folder).flatMap((name) => /^(\w+)\.trace$/.exec(name)?.[1] ?? []);
    const [one, ...more] = names.flatMap((session) => {
      const [trace, isOver] = told(session) ?? [];
      return trace === undefined || isOver ? [] : [{ session, trace }];
    });
    if (!one || more.length > 0) return undefined;
    const traceparent = minted(one.trace);
    const { session } = one;
    record(({ now }) => ({ t: "tool", session, call: "", tool, start: now(), end: null, traceparent }));
    return traceparent;
  };
  const forModel = (headers: Headers): string | undefined => {
    const session = sessions.map((name) => headers.get(name)).find((value) => value);
    if (!session) return undefined;
    const parent = headers.get("x-parent-session-id") ?? headers.get("x-opencode-parent-session-id");
    if (parent && parent !== session) parents.set(session, parent);
    const trace = traceOf(session);
    return trace === undefined ? undefined : minted(trace);
  };
  const originOf = (input: Fetch[0]): string => new URL(input instanceof Request ? input.url : String(input)).origin;
  const withTraceparent = (args: Fetch): Fetch => {
    const [input, init] = args;
    const headers = new Headers(init?.headers ?? (typeof input === "object" && "url" in input ? input.headers : {}));
    if (headers.has("traceparent") && !isAnew) return args;
    // A signature holds for the headers that it was made of, and some gateways refuse any other.
    if (/^AWS4-/.test(headers.get("authorization") ?? "") || headers.has("x-amz-date")) return args;
    if (refusing.size > 0 && refusing.has(originOf(input))) return args;
    const isToolServer = headers.has("mcp-protocol-version") || headers.has("mcp-session-id");
    const traceparent = isToolServer ? forTool(init?.body) : forModel(headers);
    if (traceparent === undefined) return args;
    headers.set("traceparent", traceparent);
    return [input, { ...init, headers }];
  };
  /** Whether an answer refuses the header, which it then names; from then on there is none for that server. */
  const isRefused = async ([input, init]: Fetch, answer: Response): Promise<boolean> => {
    const { status } = answer;
    if (![400, 403, 422].includes(status) || typeof init?.body !== "string") return false;
    if (!/\btraceparent\b/i.test((await answer.clone().text()).slice(0, 65_536))) return false;
    const origin = originOf(input);
    const why = `${origin} refuses requests with a traceparent (status ${status}); they go there without one.`;
    if (!refusing.has(origin)) record(() => ({ t: "note", text: why }));
    refusing.add(origin);
    return true;
  };

  globalThis.fetch = new Proxy(globalThis.fetch, {
    apply: (original, self, args: Fetch) => {
      let carried = args;
      try {
        carried = withTraceparent(args);
      } catch {
        // Then it goes out as it came.
      }
      const answer: Promise<Response> = Reflect.apply(original, self, carried);
      if (carried === args) return answer;
      return answer.then(async (response) => {
        const isOwnFault = await isRefused(args, response).catch(() => false);
        return isOwnFault ? Reflect.apply(original, self, args) : response;
      });
    },
  });
}

try {
  const { LOOPTRACE_TRACES: folder, LOOPTRACE_TRACES_ANEW: anew } = process.env;
  // What opencode starts is not to do the same.
  for (const name of ["LOOPTRACE_TRACES", "LOOPTRACE_TRACES_ANEW"]) delete process.env[name];
  if (folder) carryTraceparents(folder, anew !== undefined);
} catch {
  // opencode is to run as without it.
}

export {};
