/** Colours one tile of the Mandelbrot set. Runs on the workers. */

/** A rectangle of the picture, in pixels. */
export interface Tile {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** What the picture shows: a square of the complex plane. */
const view = { centre: { re: -0.65, im: 0 }, side: 2.6 }
const maxIterations = 2_000

/** Renders a tile of a picture of `size` × `size` pixels: three bytes a pixel, row by row. */
export function renderTile({ x, y, width, height }: Tile, size: number): Uint8Array {
  const colours = new Uint8Array(width * height * 3)
  const scale = view.side / size
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const re = view.centre.re + (x + column - size / 2) * scale
      const im = view.centre.im - (y + row - size / 2) * scale
      colours.set(colourOf(escapeTime(re, im)), (row * width + column) * 3)
    }
  }
  return colours
}

/** After how many iterations of z² + c the point has escaped, smoothed; undefined when it stays. */
function escapeTime(re: number, im: number): number | undefined {
  let [zre, zim] = [0, 0]
  for (let i = 0; i < maxIterations; i++) {
    const [re2, im2] = [zre * zre, zim * zim]
    if (re2 + im2 > 256) return i + 1 - Math.log2(Math.log2(re2 + im2) / 2)
    zim = 2 * zre * zim + im
    zre = re2 - im2 + re
  }
  return undefined
}

/** Blue through white and gold, again and again, slower the longer it took; black inside the set. */
function colourOf(time: number | undefined): [number, number, number] {
  if (time === undefined) return [0, 0, 0]
  const turn = 2 * Math.PI * Math.sqrt(Math.max(0, time) / 90)
  const wave = (shift: number): number => 127.5 * (1 - Math.cos(turn + shift))
  return [wave(0), wave(0.45), wave(1.1)]
}
