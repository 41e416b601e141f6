// Prints a Homebrew formula for a release, from the tarball that is attached to it:
//
//   npm pack && node examples/homebrew/formula.mjs looptrace-0.1.0.tgz > looptrace.rb
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename } from "node:path";

const [path] = process.argv.slice(2);
const version = /^looptrace-(\d+\.\d+\.\d+(?:-[\w.]+)?)\.tgz$/.exec(basename(path ?? ""))?.[1];
if (path === undefined || version === undefined) {
  console.error("Name the tarball of `npm pack`, such as looptrace-0.1.0.tgz.");
  process.exit(2);
}
const sha256 = createHash("sha256")
  .update(await readFile(path))
  .digest("hex");
console.log(`class Looptrace < Formula
  desc "Runs opencode with tracing on: steps, model calls, tools, tokens and cost"
  homepage "https://github.com/looptrace/looptrace"
  url "https://github.com/looptrace/looptrace/releases/download/v${version}/looptrace-${version}.tgz"
  sha256 "${sha256}"
  license "MIT"

  depends_on "node"

  def install
    system "npm", "install", *std_npm_args
    bin.install_symlink libexec.glob("bin/*")
    man1.install_symlink libexec/"lib/node_modules/looptrace/dist/looptrace.1"
    generate_completions_from_executable(bin/"looptrace", "completion")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/looptrace --version")
    (testpath/"session.json").write("{}")
    assert_match "session.json", shell_output("#{bin}/looptrace show session.json 2>&1", 2)
  end
end`);
