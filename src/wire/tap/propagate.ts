/**
 * Gives each request to a model the `traceparent` of the trace that looptrace will send: runs inside opencode's own
 * process, behind the tap in the same file and without imports, so that the tap records what this puts in.
 *
 * Which trace a session is at stands in a file of the session's name, written before each prompt. Like the tap it never
 * throws and never waits; what goes wrong leaves a request as it was.
 */

/** Puts itself in front of `fetch`. @param folder where the files are that name the traces */
function carryTraceparents(folder: string): void {
  const { readFileSync } = process.getBuiltinModule("node:fs");
  const { randomBytes } = process.getBuiltinModule("node:crypto");
  const sessions = ["x-opencode-session", "x-opencode-session-id", "x-session-affinity", "x-session-id"];
  /** The session above each subagent's. */
  const parents = new Map<string, string>();

  const traceOf = (session: string): string | undefined => {
    let root = session;
    // No family is as deep.
    for (let depth = 0; depth < 64 && parents.has(root); depth += 1) root = parents.get(root) ?? root;
    if (!/^\w+$/.test(root)) return undefined;
    const trace = readFileSync(`${folder}/${root}.trace`, "utf8").trim();
    return /^[0-9a-f]{32}$/.test(trace) ? trace : undefined;
  };
  const withTraceparent = (args: Parameters<typeof fetch>): Parameters<typeof fetch> => {
    const [input, init] = args;
    const headers = new Headers(init?.headers ?? (typeof input === "object" && "url" in input ? input.headers : {}));
    const session = sessions.map((name) => headers.get(name)).find((value) => value);
    if (!session || headers.has("traceparent")) return args;
    // A signature holds for the headers that it was made of, and some gateways refuse any other.
    if (/^AWS4-/.test(headers.get("authorization") ?? "") || headers.has("x-amz-date")) return args;
    const parent = headers.get("x-parent-session-id") ?? headers.get("x-opencode-parent-session-id");
    if (parent && parent !== session) parents.set(session, parent);
    const trace = traceOf(session);
    if (trace === undefined) return args;
    headers.set("traceparent", `00-${trace}-${randomBytes(8).toString("hex")}-01`);
    return [input, { ...init, headers }];
  };

  globalThis.fetch = new Proxy(globalThis.fetch, {
    apply: (original, self, args: Parameters<typeof fetch>) => {
      let carried = args;
      try {
        carried = withTraceparent(args);
      } catch {
        // Then it goes out as it came.
      }
      return Reflect.apply(original, self, carried);
    },
  });
}

try {
  const { LOOPTRACE_TRACES: folder } = process.env;
  // What opencode starts is not to do the same.
  delete process.env.LOOPTRACE_TRACES;
  if (folder) carryTraceparents(folder);
} catch {
  // opencode is to run as without it.
}

export {};
