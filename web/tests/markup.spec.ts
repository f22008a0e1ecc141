import { describe, expect, test } from 'vitest'
import { complaintNumberIn, layOut, markupOf } from '@/shared/format/markup'

describe('a raw push is laid out for reading', () => {
  test('its form is seen from its first sign', () => {
    expect(markupOf('  <xml/>')).toBe('xml')
    expect(markupOf('{"a":1}')).toBe('json')
    expect(markupOf('success')).toBe('text')
  })

  test('JSON gets a line per value', () => {
    expect(layOut('{"a":1,"b":{"c":["x","y"],"d":{},"e":[]}}')).toBe('{\n  "a": 1,\n  "b": {\n    "c": [\n      "x",\n      "y"\n    ],\n    "d": {},\n    "e": []\n  }\n}')
  })

  test('numbers longer than JavaScript holds come out as they came', () => {
    expect(layOut('{"id":200000000020240101}')).toContain('200000000020240101')
  })

  test('signs inside a string are left alone', () => {
    const text = String.raw`{"content":"他说：\"{退款, 好吗}\""}`
    expect(layOut(text)).toContain(String.raw`"他说：\"{退款, 好吗}\""`)
  })

  test('XML keeps a value beside its name and indents what contains others', () => {
    expect(layOut('<xml><AppId><![CDATA[wx1]]></AppId><info><n>1</n><none></none><short/></info></xml>'))
      .toBe('<xml>\n  <AppId><![CDATA[wx1]]></AppId>\n  <info>\n    <n>1</n>\n    <none></none>\n    <short/>\n  </info>\n</xml>')
  })

  test('a broken end does not lose anything', () => {
    expect(layOut('{"a":"cut off').replace(/\s/g, '')).toBe('{"a":"cutoff')
    expect(layOut('<xml><a>1').replace(/\s/g, '')).toBe('<xml><a>1')
  })

  test.each([
    ['<ComplaintOrderId><![CDATA[200012345]]></ComplaintOrderId>', '200012345'],
    ['{"complaint_order_id":"200012345"}', '200012345'],
    ['{"complaint_order_id": 200012345}', '200012345'],
    ['<complaintOrderId>200012345</complaintOrderId>', '200012345'],
    ['<xml></xml>', ''],
    [null, ''],
  ])('the complaint it is about is found in %s', (body, id) => {
    expect(complaintNumberIn(body)).toBe(id)
  })
})
