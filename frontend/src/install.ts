// Getting onto the home screen: one tap on Android, steps by hand on iOS.

interface InstallPrompt extends Event {
  prompt(): Promise<{ outcome: "accepted" | "dismissed" }>;
}

let offered: InstallPrompt | null = null;

/** Keep the browser's offer until the person has an account; `changed` when there is one or not. */
export function watchInstalling(changed: () => void): void {
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    offered = event as InstallPrompt;
    changed();
  });
  addEventListener("appinstalled", () => {
    offered = null;
    changed();
  });
}

export function canInstall(): boolean {
  return offered !== null;
}

export async function install(): Promise<void> {
  const prompt = offered;
  offered = null;
  await prompt?.prompt();
}

/**
 * Whether this is a tab on iOS, which cannot be woken and whose keys are swept after a week.
 * `standalone` is Apple's own and nowhere else.
 */
export function isIosTab(): boolean {
  return (navigator as { standalone?: boolean }).standalone === false && navigator.maxTouchPoints > 0;
}
