import type { ViteUserConfig } from 'vitest/config'

const onKubernetes = [
  'test/kubernetes/**/*.test.ts',
  'test/contract/kubernetes.test.ts',
  'test/conformance/kubernetes.test.ts',
]

const config: ViteUserConfig = {
  test: {
    // A worker process per file that loads it with Node's own `import`: the functions of a test are then what Node made
    // of them, with their place in their file, as the functions of a script are. `vi.mock` does not work this way.
    pool: 'forks',
    experimental: { viteModuleRunner: false, nodeLoader: false },
    setupFiles: ['test/support/as-script.ts'],
    reporters: ['default'],
    // Time in which something has to happen, not how long it may take: a process may be held up for some of it.
    expect: { poll: { timeout: 20_000 } },
    projects: [
      {
        extends: true,
        // None takes long by itself, but a property of hundreds of cases does on a machine that is busy with others.
        test: {
          name: 'unit',
          include: ['packages/*/test/**/*.test.ts'],
          testTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/**/*.test.ts'],
          exclude: onKubernetes,
          // Only what hangs is to fail by it, however busy the machine is.
          testTimeout: 90_000,
          hookTimeout: 90_000,
          maxWorkers: 1,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'kubernetes',
          include: onKubernetes,
          testTimeout: 90_000,
          hookTimeout: 90_000,
          maxWorkers: 1,
          // A node that shares two cores with the tests starves a pod now and then. It is reported, and what fails again fails.
          retry: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
}

export default config
