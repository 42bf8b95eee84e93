/**
 * Renders the Mandelbrot set, tile by tile on the workers, into a PNG.
 *
 *   node examples/mandelbrot.ts --size 2048 --workers 4 --out mandelbrot.png
 */

import { writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { addProcs, pmap } from '@dialback/manager'
import { Command, InvalidArgumentError } from 'commander'
import { encodePng } from './mandelbrot/encode-png.ts'
import { renderTile, type Tile } from './mandelbrot/render-tile.ts'

interface Options {
  readonly size: number
  readonly workers: number
  readonly tiles: number
  readonly out: string
}

process.once('SIGINT', () => process.exit(130))

const { size, workers, tiles, out } = readOptions()
await addProcs(workers)

const startedAt = performance.now()
const rendered = await pmap((tile) => ({ tile, pixels: renderTile(tile, size) }), tilesOf(size, tiles), {
  progress: true,
})
const seconds = (performance.now() - startedAt) / 1_000

const picture = new Uint8Array(size * size * 3)
for (const { tile, pixels } of rendered) place(tile, pixels)
await writeFile(out, encodePng(size, size, picture))
console.log(
  `${out}: ${size} × ${size}, ${rendered.length} tiles on ${workers} workers in ${seconds.toFixed(2)} s`,
)

/** Cuts the picture into `perSide` × `perSide` tiles; those at the right and lower edge may be smaller. */
function tilesOf(size: number, perSide: number): Tile[] {
  const step = Math.ceil(size / perSide)
  const starts = Array.from({ length: Math.ceil(size / step) }, (_, i) => i * step)
  const extent = (start: number): number => Math.min(step, size - start)
  return starts.flatMap((y) => starts.map((x) => ({ x, y, width: extent(x), height: extent(y) })))
}

/** Copies a tile's rows to where they belong. */
function place({ x, y, width, height }: Tile, pixels: Uint8Array): void {
  for (let row = 0; row < height; row++) {
    picture.set(pixels.subarray(row * width * 3, (row + 1) * width * 3), ((y + row) * size + x) * 3)
  }
}

function readOptions(): Options {
  return new Command('mandelbrot')
    .description('Renders the Mandelbrot set on workers into a PNG.')
    .option('-s, --size <pixels>', 'width and height of the picture', atLeastOne, 1024)
    .option('-w, --workers <n>', 'how many workers', atLeastOne, Math.max(2, availableParallelism()))
    .option('-t, --tiles <n>', 'how many tiles to a side', atLeastOne, 16)
    .option('-o, --out <file>', 'where the picture goes', 'mandelbrot.png')
    .parse()
    .opts<Options>()
}

function atLeastOne(text: string): number {
  const n = Number(text)
  if (!Number.isSafeInteger(n) || n < 1)
    throw new InvalidArgumentError('It must be a whole number of at least 1.')
  return n
}
