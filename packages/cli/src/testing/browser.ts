import chromium from "@sparticuz/chromium";
import { type Browser, launch } from "puppeteer-core";

/** A real headless Chromium, out of a package: nothing of it needs to be on the machine. */
export async function startChromium(): Promise<Browser> {
  return await launch({
    executablePath: await chromium.executablePath(),
    headless: "shell",
    // Not the package's own arguments: they switch off what a page is to be judged by. Without a sandbox, because it has
    // none as root; what it opens is a file that a test has written.
    args: ["--no-sandbox", "--disable-gpu", "--font-render-hinting=none"],
  });
}
