import type { Plugin } from "rolldown";
import { parseAst } from "rolldown/parseAst";

/** A chunk of rolldown's own helpers, which all others need at once. */
const RUNTIME = /rolldown-runtime/;

/** What of a syntax tree is looked at. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * In a bundle as CommonJS, loads each chunk and each module of Node.js when code that is run first asks for it: of what
 * a command could need, it needs the smaller part. What is loaded for its effects alone is loaded as before.
 */
export const lazyRequires: Plugin = {
  name: "lazy-requires",
  renderChunk: (code, { fileName }) => (RUNTIME.test(fileName) ? null : withLazyRequires(code)),
};

/**
 * The code of a CommonJS chunk, with the variables at its top that hold what `require` gives made into functions that
 * call it once.
 *
 * @throws when such a variable is declared anew or written to: what stands for it could not be told then
 */
export function withLazyRequires(code: string): string {
  const program = parseAst(code, { lang: "js", sourceType: "commonjs" }) as unknown as Node;
  const edits: Edit[] = [];
  const lazy = new Set<string>();
  const statements = children(program);
  const wrapped = new Map<string, string>();
  for (const statement of statements) {
    const wrap = wrapOf(statement, code);
    if (!wrap) continue;
    wrapped.set(wrap.name, wrap.text);
    edits.push({ start: statement.start, end: statement.end, text: "" });
  }
  for (const statement of statements) {
    if (statement.type !== "VariableDeclaration") continue;
    const declared = children(statement);
    if (!declared.some((one) => sourceOf(one, code) !== undefined)) continue;
    const texts = declared.map((one) => {
      const name = nodeAt(one, "id")?.name;
      const source = sourceOf(one, code);
      if (source === undefined || typeof name !== "string")
        return `${statement.kind} ${code.slice(one.start, one.end)};`;
      lazy.add(name);
      const value = wrapped.get(name)?.replace(PLACE, source) ?? source;
      return `let ${name}$loaded; const ${name} = () => ${name}$loaded ??= ${value};`;
    });
    edits.push({ start: statement.start, end: statement.end, text: texts.join("\n") });
  }
  const declarations = [...edits];
  const isDeclared = ({ start }: Node): boolean => declarations.some((one) => start >= one.start && start < one.end);
  visit(program, undefined, (node, parent) => {
    if (isDeclared(node)) return;
    if (node.type === "NewExpression") {
      const callee = nodeAt(node, "callee");
      if (callee && lazy.has(rootOf(callee))) {
        edits.push(
          { start: callee.start, end: callee.start, text: "(" },
          { start: callee.end, end: callee.end, text: ")" },
        );
      }
    }
    if (node.type !== "Identifier" || typeof node.name !== "string" || !lazy.has(node.name)) return;
    if (!parent || isWritten(node, parent))
      throw new Error(`${node.name} is not only read: …${code.slice(node.start - 40, node.end + 40)}…`);
    const text =
      parent.type === "Property" && parent.shorthand === true ? `${node.name}: ${node.name}()` : `${node.name}()`;
    edits.push({ start: node.start, end: node.end, text });
  });
  return edited(code, edits);
}

/** `require("…")`, or that made to look like an ES module; undefined for anything else. */
function sourceOf(declarator: Node, code: string): string | undefined {
  const init = nodeAt(declarator, "init");
  if (!init) return undefined;
  const text = code.slice(init.start, init.end);
  return /^(?:[\w$.]+\()?require\("[^"]+"\)(?:, 1)?\)?$/.test(text) && !RUNTIME.test(text) ? text : undefined;
}

const PLACE = "/*module*/";

/** `x = toESM(x)`, which rolldown writes below the declaration of some: what stands around, with a place for `x`. */
function wrapOf(statement: Node, code: string): { readonly name: string; readonly text: string } | undefined {
  const text = code.slice(statement.start, statement.end);
  const [, name, before, after] = /^([\w$]+) = ([\w$.]+\()\1((?:, 1)?\));?$/.exec(text) ?? [];
  return name === undefined ? undefined : { name, text: `${before}${PLACE}${after}` };
}

/** The variable that a chain of members begins with. */
function rootOf(node: Node): string {
  const object = node.type === "MemberExpression" ? nodeAt(node, "object") : undefined;
  if (object) return rootOf(object);
  return node.type === "Identifier" && typeof node.name === "string" ? node.name : "";
}

function isWritten(node: Node, parent: Node): boolean {
  if (parent.type === "VariableDeclarator") return parent.id === node;
  if (parent.type === "AssignmentExpression") return parent.left === node;
  if (/Function|^CatchClause$|Pattern$|^RestElement$|^UpdateExpression$|^Class/.test(parent.type))
    return parent.superClass !== node && parent.body !== node && parent.right !== node;
  return false;
}

function edited(code: string, edits: readonly Edit[]): string {
  const sorted = edits.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let at = 0;
  let text = "";
  for (const edit of sorted) {
    text += code.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return text + code.slice(at);
}

function visit(node: Node, parent: Node | undefined, see: (node: Node, parent: Node | undefined) => void): void {
  see(node, parent);
  // What a pattern names is written to, as what stands in it at once.
  const above = node.type === "Property" && parent?.type === "ObjectPattern" ? parent : node;
  for (const child of children(node)) visit(child, above, see);
}

/** The nodes right below, names of fields aside. Millions are asked, so no list is made for each field. */
function children(node: Node): readonly Node[] {
  const found: Node[] = [];
  for (const field in node) {
    const value = node[field];
    if (typeof value !== "object" || value === null) continue;
    if (Array.isArray(value)) {
      for (const one of value) if (isNode(one)) found.push(one);
    } else if (isNode(value) && (node.computed === true || (field !== "key" && field !== "property")))
      found.push(value);
  }
  return found;
}

function nodeAt(node: Node, field: string): Node | undefined {
  const value = node[field];
  return isNode(value) ? value : undefined;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}
