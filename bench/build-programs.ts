/**
 * Makes plain JavaScript of the peers' own programs. Node could run the sources, but stripping their types would be
 * charged to peers that have nothing to do with it, and would make them look slower to start than they are.
 */

import { join } from 'node:path'
import { build } from 'esbuild'
import { forNode } from '../scripts/bundle-packages.ts'
import type { Program } from './program-path.ts'

const entries: Readonly<Record<Program, string>> = {
  functions: 'functions.ts',
  'bare-worker': 'peers/bare/worker.ts',
  'fork-worker': 'peers/fork/worker.ts',
  'peer-startup': 'startup/peer.ts',
}

/** Builds into `node_modules`, where packages resolve as they do from the sources; returns the folder. */
export async function buildPrograms(): Promise<string> {
  const outdir = join(import.meta.dirname, '../node_modules/.cache/dialback-bench')
  await build({
    ...forNode,
    absWorkingDir: import.meta.dirname,
    entryPoints: entries,
    outdir,
    target: 'esnext',
  })
  return outdir
}
