import { readFileSync } from "node:fs";
import { transformSync } from "@swc/core";
import { parseAst } from "rolldown/parseAst";

/** The tap in a process of its own, as far as it can tell. */
export interface LoadedTap {
  /** What the process' programs call. */
  readonly fetch: typeof fetch;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Called before each of its statements; what it throws is a fault there. */
}

export interface TapOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The one that it finds. */
  readonly fetch: typeof fetch;
  /** Called before each statement with its number; what it throws is a fault there. */
  readonly onStatement?: (number: number) => void;
  /** Replaces a module of Node's, such as `node:fs`. */
  readonly modules?: Readonly<Record<string, object>>;
}

const SOURCE = readFileSync(new URL("../../src/wire/tap/tap.ts", import.meta.url), "utf8");
const compiled = transformSync(SOURCE, {
  jsc: { parser: { syntax: "typescript" }, target: "es2022" },
  module: { type: "commonjs" },
}).code;

/**
 * Functions through which the bytes go: their statements are the caller's own, and calls of `quietly`, which stand for
 * all that is the recording's.
 */
const THROUGHPUT = new Set(["pull", "cancel", "apply", "failed"]);

interface AstNode {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/** Where the statements of the tap begin that may throw. */
export const STATEMENTS: readonly number[] = statementsOf(parseAst(compiled));

/** Loads the tap, with a `process` and a `globalThis` of its own. */
export function loadTap({ env: given, fetch: original, onStatement, modules = {} }: TapOptions): LoadedTap {
  const env: Record<string, string | undefined> = { ...given };
  const own = { fetch: original };
  const getBuiltinModule = (name: string): object | undefined => modules[name] ?? process.getBuiltinModule(name);
  const ownProcess = { env, pid: process.pid, getBuiltinModule };
  const code = onStatement ? withStatements() : compiled;
  new Function("globalThis", "process", "exports", "module", "statement", code)(own, ownProcess, {}, {}, onStatement);
  return { fetch: (...args) => own.fetch(...args), env };
}

function withStatements(): string {
  let code = compiled;
  for (const [index, at] of [...STATEMENTS.entries()].reverse())
    code = `${code.slice(0, at)}statement(${index});${code.slice(at)}`;
  return code;
}

/**
 * Of all blocks but those of the throughput, of `catch`, and those that hold a `try` alone, before which nothing can
 * fail.
 */
function statementsOf(node: unknown, name?: string): readonly number[] {
  if (Array.isArray(node)) return node.flatMap((one) => statementsOf(one));
  if (!isNode(node)) return [];
  if (name !== undefined && THROUGHPUT.has(name)) return [];
  const named = nameIn(node);
  const inner = Object.values(node).flatMap((value) => statementsOf(value, isFunction(value) ? named : undefined));
  if (node.type === "CatchClause") return [];
  if (node.type !== "BlockStatement" || !("body" in node) || !Array.isArray(node.body)) return inner;
  const statements = node.body.filter(isNode);
  const isTryAlone = statements.length === 1 && statements[0]?.type === "TryStatement";
  return [...(isTryAlone ? [] : statements.map(({ start }) => start)), ...inner].sort((a, b) => a - b);
}

function isNode(value: unknown): value is AstNode & Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function isFunction(value: unknown): boolean {
  return isNode(value) && /Function/.test(value.type);
}

/** What a variable or a property is called that holds a function. */
function nameIn(node: Readonly<Record<string, unknown>>): string | undefined {
  const { id, key } = node;
  const of = isNode(id) ? id : key;
  return isNode(of) && typeof of.name === "string" ? of.name : undefined;
}
