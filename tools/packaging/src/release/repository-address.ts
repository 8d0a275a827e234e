import { isIP } from "node:net";

/** Hosts that answer ssh where port 22 is closed, and the hosts of their pages. */
const SSH_ONLY: Readonly<Record<string, string>> = {
  "ssh.github.com": "github.com",
  "altssh.gitlab.com": "gitlab.com",
  "altssh.bitbucket.org": "bitbucket.org",
};
/** `[user@]host:path`, as git writes an address of ssh; a `//` after the colon is that of a URL. */
const SCP = /^(?:[^/:@]*@)?([^/:@]+):(?!\/\/)(.*)$/s;

/** Why an address cannot stand in a published manifest. Holds nothing of the address: a password may stand in any part of it. */
export class UnusableAddressError extends Error {
  override name = "UnusableAddressError";
}

/**
 * The page of a repository, `https://HOST/OWNER/NAME`, from any address that git takes: https, ssh, `git@HOST:OWNER/NAME`.
 * Credentials, query and fragment are not in it.
 *
 * @throws UnusableAddressError for an address that not everyone could open: a folder, an IP address, a name in one network.
 */
export function repositoryPage(address: string): string {
  const { scheme, rest } = partsOf(address.trim());
  // A password with one of these characters in it, as it is: what looks like host and path is a part of it.
  if (/[/?#\\].*@/s.test(rest))
    throw new UnusableAddressError("has an @ behind its host, so that a password may stand there");
  const url = URL.parse(`https://${rest}`);
  if (url === null) throw new UnusableAddressError("cannot be read as an address");
  // The port of ssh is none of https, and GitHub and others redirect http to https on the standard ports alone.
  if (scheme === "http" && url.port !== "")
    throw new UnusableAddressError("is of http on a port of its own, where no https answers");
  const port = scheme === "https" && url.port !== "" ? `:${url.port}` : "";
  const host = SSH_ONLY[url.hostname] ?? url.hostname;
  if (!isPublicName(host))
    throw new UnusableAddressError("names a host that only one machine or network knows");
  const path = url.pathname
    .replace(/\/+$/, "")
    .replace(/\.git$/, "")
    .replace(/^\/+/, "");
  if (path === "") throw new UnusableAddressError("names a host and no repository");
  return `https://${host}${port}/${path}`;
}

function partsOf(address: string): { readonly scheme: string; readonly rest: string } {
  const url = /^(?:git\+)?(https?|ssh|git):\/\/(.*)$/is.exec(address);
  if (url !== null) return { scheme: (url[1] ?? "").toLowerCase(), rest: url[2] ?? "" };
  const scp = SCP.exec(address);
  if (scp !== null) return { scheme: "ssh", rest: `${scp[1]}/${scp[2]?.replace(/^\/+/, "")}` };
  throw new UnusableAddressError("is a folder, or of no form that a reader could open");
}

function isPublicName(host: string): boolean {
  return host.includes(".") && isIP(host) === 0 && !/(?:^|\.)(?:localhost|local)\.?$/.test(host);
}
