// Strings in AssemblyScript, which has them as UTF-16; the Canonical ABI by hand.
// Build: node manifests/build.ts words-as

/** What the host writes lives in a buffer of AssemblyScript's, which nobody frees. */
export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  if (size == 0) return align
  const room = heap.alloc(size)
  if (old != 0) memory.copy(room, old, min(oldSize, size))
  return room
}

export function reverse(at: usize, units: u32): usize {
  const words = textAt(at, units).split(' ')
  for (let index = 0; index < words.length; index++)
    words[index] = words[index].split('').reverse().join('')
  return given(words.join(' '))
}

export function count(at: usize, words: u32): u32 {
  let filled: u32 = 0
  for (let index: u32 = 0; index < words; index++) {
    const entry = at + index * 8
    if (textAt(load<usize>(entry), load<u32>(entry, 4)).trim().length > 0) filled++
  }
  return filled
}

export function longest(at: usize, units: u32): usize {
  return given(longestOf(textAt(at, units).split(' ')))
}

function longestOf(words: string[]): string {
  let longest = ''
  for (let index = 0; index < words.length; index++)
    if (words[index].length > longest.length) longest = words[index]
  if (longest.length == 0) throw new Error('there is no word')
  return longest
}

function textAt(at: usize, units: u32): string {
  return String.UTF16.decodeUnsafe(at, (<usize>units) << 1)
}

/** Pointer and length of a string, in memory. */
function given(text: string): usize {
  const result = heap.alloc(8)
  store<usize>(result, changetype<usize>(text))
  store<u32>(result, text.length, 4)
  return result
}

export function onTrap(message: usize, file: usize, line: u32, column: u32): void {
  unreachable()
}
