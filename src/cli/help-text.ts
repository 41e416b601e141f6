/** What stands below the options of a command's help, in the columns that there are. */
import { type AddHelpTextContext, type AddHelpTextPosition, Command } from "commander";
import { columnsOf } from "../text/columns.js";
import { wrapped } from "../text/wrap-text.js";

/** A command whose further texts are laid out in the help's width. */
export class HelpfulCommand extends Command {
  readonly #width: number;

  constructor(name: string | undefined, width: number) {
    super(name);
    this.#width = width;
  }

  override createCommand(name?: string): Command {
    return new HelpfulCommand(name, this.#width);
  }

  override addHelpText(position: AddHelpTextPosition, text: string | ((context: AddHelpTextContext) => string)): this {
    return super.addHelpText(position, (context) =>
      reflowed(typeof text === "string" ? text : text(context), this.#width),
    );
  }
}

/** A row of a table: a term, and behind two blanks or more what it means. */
const ROW = /^( +\S(?:.*?\S)?)( {2,})(\S.*)$/;

/**
 * Paragraphs and tables in lines of at most so many columns. What is indented goes on below where it began; command
 * lines of examples stay whole, since a line that is cut cannot be copied.
 */
export function reflowed(text: string, width: number): string {
  const given = text.split("\n");
  const lines: string[] = [];
  let block: Block | undefined;
  let isExample = false;
  const flush = (): void => {
    if (block) lines.push(...hung(block, width));
    block = undefined;
  };
  for (const [index, line] of given.entries()) {
    const indent = indentOf(line);
    const row = ROW.exec(line);
    if (line.trim() === "" || (indent > 0 && isExample)) {
      flush();
      if (line.trim() === "") isExample = false;
      lines.push(line);
    } else if (block && indent === block.hang && goesOn(block)) {
      block.words += ` ${line.trim()}`;
    } else {
      flush();
      isExample = line === "Examples:";
      const [, term = "", gap = "", words = line.trim()] = row ?? [];
      const first = row ? `${term}${gap}` : " ".repeat(indent);
      block = { first, words, hang: first.length, isRow: row !== null };
      // A heading has its own line.
      if (line.endsWith(":") && indentOf(given[index + 1] ?? "") > 0) flush();
    }
  }
  flush();
  return lines.join("\n");
}

/** What is laid out together: what it begins with, and where its further lines begin. */
interface Block {
  readonly first: string;
  words: string;
  readonly hang: number;
  readonly isRow: boolean;
}

/** Of what is indented, and no row, each line is one of a list. */
function goesOn({ hang, isRow, words }: Block): boolean {
  return isRow || hang === 0 || /[,:]$/.test(words);
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

/** The least that is left for words beside a wide first column. */
const NARROWEST = 20;

function hung({ first, words, hang }: Block, width: number): readonly string[] {
  const room = Math.max(NARROWEST, width - columnsOf(first));
  return wrapped(words, room).map((line, index) => `${index === 0 ? first : " ".repeat(hang)}${line}`);
}
