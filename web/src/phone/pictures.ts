/** Vant's viewer comes when the first picture is opened; a tap closes it, so its icon font stays at home. */
export async function showPictures(urls: string[], first: number): Promise<void> {
  const [{ showImagePreview }] = await Promise.all([import('vant/es/image-preview'), import('./pictures.css')])
  showImagePreview({ images: urls, startPosition: first })
}
