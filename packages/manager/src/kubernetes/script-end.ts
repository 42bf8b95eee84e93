/** What is to be done when the script has nothing else to do: one listener for all, as Node warns of more than ten. */

const tasks = new Set<() => void>()

/** Calls `task` each time that Node is about to end this process, until it is taken away. */
export function atScriptEnd(task: () => void): void {
  if (tasks.size === 0) process.on('beforeExit', runAll)
  tasks.add(task)
}

/** Does not call it any more. */
export function notAtScriptEnd(task: () => void): void {
  tasks.delete(task)
  if (tasks.size === 0) process.off('beforeExit', runAll)
}

function runAll(): void {
  for (const task of tasks) task()
}
