import { git } from "./readiness.ts";
import { repositoryPage, UnusableAddressError } from "./repository-address.ts";

/**
 * The page of the repository that is released: of the given address, else of git's remote `origin`.
 *
 * @throws Error where there is none or it cannot be used, with what to do. No part of an address is in its message.
 */
export function chosenPage(root: string, given: string | undefined): string {
  if (given !== undefined)
    return usable(given, "--repository", "write it as https://HOST/OWNER/NAME");
  const instead = "pass --repository https://HOST/OWNER/NAME";
  const origin = originOf(root);
  if (origin === undefined)
    throw new Error(
      `The manifests need the repository's address, and git has no remote "origin": ${instead}`,
    );
  return usable(origin, "The address of git's origin", instead);
}

function usable(address: string, what: string, advice: string): string {
  try {
    return repositoryPage(address);
  } catch (error) {
    if (!(error instanceof UnusableAddressError)) throw error;
    throw new Error(`${what} ${error.message}: ${advice}`, { cause: error });
  }
}

function originOf(root: string): string | undefined {
  // A remote that is not there is no failure of git's: listing them tells it apart from one.
  if (!git(root, ["remote"]).split("\n").includes("origin")) return undefined;
  return git(root, ["remote", "get-url", "origin"]).trim();
}
