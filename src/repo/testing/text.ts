import type { Prng } from './prng.ts'

/** Words to write posts with, one list a language. Frequencies fall off with the position. */
const LANGUAGES: readonly {
  readonly lang: string
  readonly share: number
  readonly joint: string
  readonly words: string
}[] = [
  {
    lang: 'en',
    share: 0.5,
    joint: ' ',
    words:
      'the and to of a in that it is for on with this was my you but not have are be so just like at they we what all out about when one more can time people up there who how good day new think know see really today here some would make still after work look love back little never need every first over always thing great night morning garden coffee river stone bicycle window letter winter library bread music kitchen harbour lantern theorem compiler protocol sparrow granite meadow',
  },
  {
    lang: 'pt',
    share: 0.1,
    joint: ' ',
    words:
      'de que não o a e é um para com uma os no se na por mais as dos como mas foi ao ele das tem à seu sua ou ser quando muito há nos já está eu também só pelo até isso ela entre depois coração manhã pão açúcar avó irmão música saudade',
  },
  {
    lang: 'de',
    share: 0.08,
    joint: ' ',
    words:
      'und die der ich nicht das ist es ein in zu mit auf für von den auch so wie noch aber nur heute schön über können müssen Straße Mädchen größer Frühstück Übung Äpfel Wörter Bücher Küche Fluss Stein weiß grün',
  },
  {
    lang: 'fr',
    share: 0.07,
    joint: ' ',
    words:
      'de la le et les des en un une est que pour dans pas qui sur plus avec tout fait être même après déjà où très été forêt hôtel garçon cœur œuvre naïf façade élève crème brûlée Noël leçon âme île',
  },
  {
    lang: 'ja',
    share: 0.13,
    joint: '',
    words:
      '今日 は の が を に で と も です ます した 猫 犬 東京 写真 美味しい ラーメン 天気 雨 電車 仕事 日本語 本 図書館 音楽 朝 夜 散歩 桜 コーヒー おはよう ありがとう 面白い 新しい 山 川 石 道 海',
  },
  {
    lang: 'ko',
    share: 0.04,
    joint: ' ',
    words:
      '오늘 은 는 이 가 날씨 좋아요 고양이 서울 사진 커피 아침 저녁 음악 도서관 책 바다 산 감사합니다 안녕하세요',
  },
  {
    lang: 'zh',
    share: 0.04,
    joint: '',
    words:
      '今天 我们 的 了 是 在 不 有 人 这 中国 北京 天气 咖啡 音乐 图书馆 朋友 学习 石头 河流 早上 晚上 喜欢 谢谢',
  },
  {
    lang: 'ar',
    share: 0.02,
    joint: ' ',
    words: 'في من على إلى هذا اليوم صباح الخير قهوة كتاب مكتبة موسيقى جميل حجر نهر شكرا',
  },
  {
    lang: 'uk',
    share: 0.02,
    joint: ' ',
    words: 'і в не на що я з це як до та сьогодні ранок кава книга музика річка камінь дякую їжак ґанок',
  },
]
const LISTS = LANGUAGES.map((language) => ({ ...language, list: language.words.split(' ') }))
const EMOJI = ['😀', '🎉', '❤️', '👩‍🌾', '🇵🇹', '🪨', '🏔️', '✨', '😭', '🐈‍⬛', '👍🏽', '☕']
/** Words so rare that a search finds a handful of posts. */
const RARE = ['zyzzyva', 'petrichor', 'smörgåsbord', '麒麟', 'ætherisk', 'quixotry']

export interface TestText {
  readonly text: string
  readonly langs: readonly string[]
}

/** A post's text of about `length` UTF-8 bytes (0 gives none), in one of nine languages. */
export function makeText(prng: Prng, length: number): TestText {
  let roll = prng.float()
  const language = LISTS.find((candidate) => (roll -= candidate.share) < 0) ?? LISTS[0]
  if (language === undefined || length <= 0) return { text: '', langs: ['en'] }
  const words: string[] = []
  let bytes = 0
  while (bytes < length) {
    // squared: the first words of a list come up far more often, as in real text
    const word = language.list[Math.floor(prng.float() ** 2 * language.list.length)] ?? ''
    words.push(word)
    bytes += utf8Length(word) + language.joint.length
  }
  if (prng.chance(0.15)) words.push(prng.pick(EMOJI))
  if (prng.chance(0.001)) words.push(prng.pick(RARE))
  return { text: words.join(language.joint), langs: [language.lang] }
}

/** UTF-8 bytes of a text without lone surrogates. */
function utf8Length(text: string): number {
  let bytes = 0
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit < 0x80) bytes += 1
    else if (unit < 0x800) bytes += 2
    else if (unit >= 0xd800 && unit < 0xdc00) {
      bytes += 4
      i++
    } else bytes += 3
  }
  return bytes
}
