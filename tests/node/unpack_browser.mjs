// Unpacks the headless Chromium, its fonts, and the libraries that some systems lack.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const modules = join(dirname(fileURLToPath(import.meta.url)), "node_modules");
process.env.TMPDIR = join(modules, ".browser"); // the package unpacks into the temporary folder
mkdirSync(process.env.TMPDIR, { recursive: true });
const { inflate } = await import("@sparticuz/chromium");
const packed = join(modules, "@sparticuz", "chromium", "bin");
const names = ["chromium.br", "fonts.tar.br", "swiftshader.tar.br", "al2023.tar.br"];
await Promise.all(names.map((name) => inflate(join(packed, name))));
// Without any font the browser crashes.
writeFileSync(
  join(process.env.TMPDIR, "fonts.conf"),
  `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>${join(process.env.TMPDIR, "fonts")}</dir>
  <cachedir>${join(process.env.TMPDIR, "fonts-cache")}</cachedir>
</fontconfig>
`,
);
