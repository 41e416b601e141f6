import { readFileSync } from "node:fs";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/**
 * Files that start programs cold take longest, however short they are, so they are begun first: else the last of them
 * would be waited for alone. vitest goes by how long a file took before, which a fresh clone does not know, and by its
 * size.
 */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isLong = new Map(
      sorted.map((file) => [file, readFileSync(file.moduleId, "utf8").includes("allowColdStarts();")]),
    );
    return [...sorted.filter((file) => isLong.get(file)), ...sorted.filter((file) => !isLong.get(file))];
  }
}
