/** Vant's viewer comes when the first picture is opened. */
export async function showPictures(urls: string[], first: number): Promise<void> {
  const [{ showImagePreview }] = await Promise.all([import('vant/es/image-preview'), import('./pictures.css')])
  showImagePreview({ images: urls, startPosition: first, closeable: true })
}
