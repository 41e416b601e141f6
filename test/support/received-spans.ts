/** A span as it came over the wire, its attributes as a plain record. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for a root span. */
  readonly parentSpanId: string;
  readonly name: string;
  /** Decimal nanoseconds since the epoch. */
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: readonly ReceivedEvent[];
  readonly status: { readonly code?: number; readonly message?: string };
  readonly resource: Readonly<Record<string, unknown>>;
  readonly scope: { readonly name: string; readonly version: string };
}

export interface ReceivedEvent {
  readonly name: string;
  readonly timeUnixNano: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/**
 * Flattens an ExportTraceServiceRequest.
 *
 * @param found gets a line for everything that Langfuse refuses (ids, times, attributes) or that kills a batch (a lone
 * surrogate)
 */
export function readSpans(request: unknown, found: string[]): readonly ReceivedSpan[] {
  for (const path of loneSurrogates(request)) found.push(`lone surrogate in ${path}`);
  if (!isRecord(request) || !Array.isArray(request.resourceSpans)) {
    found.push("no resourceSpans");
    return [];
  }
  return request.resourceSpans.flatMap((resourceSpans: unknown) => {
    const group = record(resourceSpans);
    const resource = attributes(record(group.resource).attributes, "resource", found);
    return list(group.scopeSpans).flatMap((scopeSpans) => {
      const { scope, spans } = record(scopeSpans);
      const { name, version } = record(scope);
      const where = { resource, scope: { name: string(name), version: string(version) } };
      return list(spans).map((span) => ({ ...readSpan(record(span), found), ...where }));
    });
  });
}

function readSpan(span: Readonly<Record<string, unknown>>, found: string[]): Omit<ReceivedSpan, "resource" | "scope"> {
  const name = string(span.name);
  const where = `span ${name || string(span.spanId)}`;
  if (!/^[0-9a-f]{32}$/.test(string(span.traceId))) found.push(`${where}: traceId ${String(span.traceId)}`);
  if (!/^[0-9a-f]{16}$/.test(string(span.spanId))) found.push(`${where}: spanId ${String(span.spanId)}`);
  const parent = string(span.parentSpanId);
  if (parent !== "" && !/^[0-9a-f]{16}$/.test(parent)) found.push(`${where}: parentSpanId ${parent}`);
  if (name === "") found.push(`${where}: no name`);
  for (const key of ["startTimeUnixNano", "endTimeUnixNano"]) {
    const value = span[key];
    if (typeof value !== "string" || !/^\d+$/.test(value)) found.push(`${where}: ${key} ${String(value)}`);
  }
  return {
    traceId: string(span.traceId),
    spanId: string(span.spanId),
    parentSpanId: parent,
    name,
    startTimeUnixNano: string(span.startTimeUnixNano),
    endTimeUnixNano: string(span.endTimeUnixNano),
    attributes: attributes(span.attributes, where, found),
    events: list(span.events).map((raw) => {
      const event = record(raw);
      return {
        name: string(event.name),
        timeUnixNano: string(event.timeUnixNano),
        attributes: attributes(event.attributes, `${where}, event ${string(event.name)}`, found),
      };
    }),
    status: record(span.status),
  };
}

function attributes(raw: unknown, where: string, found: string[]): Record<string, unknown> {
  if (raw === undefined) return {};
  if (!Array.isArray(raw)) {
    found.push(`${where}: attributes are not a list`);
    return {};
  }
  return Object.fromEntries(
    raw.map((entry: unknown) => {
      const { key, value } = record(entry);
      if (typeof key !== "string" || !isRecord(value)) found.push(`${where}: an attribute without key or value`);
      return [string(key), plainValue(value)];
    }),
  );
}

/** An OTLP AnyValue as the JavaScript value that it stands for; 64-bit integers as numbers. */
function plainValue(value: unknown): unknown {
  const any = record(value);
  if ("stringValue" in any) return any.stringValue;
  if ("boolValue" in any) return any.boolValue;
  if ("doubleValue" in any) return any.doubleValue;
  if ("intValue" in any) return Number(any.intValue);
  if ("arrayValue" in any) return list(record(any.arrayValue).values).map(plainValue);
  if ("kvlistValue" in any) {
    return Object.fromEntries(
      list(record(any.kvlistValue).values).map((entry) => {
        const pair = record(entry);
        return [string(pair.key), plainValue(pair.value)];
      }),
    );
  }
  return undefined;
}

/** Where they are. A path is put together only for what is found: of tens of thousands of texts usually none. */
function loneSurrogates(request: unknown): readonly string[] {
  const found: string[] = [];
  const keys: (string | number)[] = [];
  const path = (): string => keys.map((key) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  const visit = (value: unknown): void => {
    if (typeof value === "string") {
      if (!value.isWellFormed()) found.push(path());
    } else if (typeof value === "object" && value !== null) {
      const isList = Array.isArray(value);
      for (const [key, item] of Object.entries(value)) {
        if (!key.isWellFormed()) found.push(`${path()}: a key`);
        keys.push(isList ? Number(key) : key);
        visit(item);
        keys.pop();
      }
    }
  };
  visit(request);
  return found;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function string(value: unknown): string {
  return typeof value === "string" ? value : "";
}
