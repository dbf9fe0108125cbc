
import { createSHA256 } from 'hash-wasm'
import { carWhole, eachBlock } from './car-source.ts'
import { openDatabase, putAll } from './database.ts'
addEventListener('message', async (e) => {
  const { url, kind } = e.data
  const car = await carWhole({ url }); const db = await openDatabase('x'); const hasher = await createSHA256()
  const M = 1<<20
  const t = performance.now()
  const hash = () => { eachBlock(car,(c,f,to)=>{hasher.init();hasher.update(car.subarray(f,to));hasher.digest('binary')}) }
  const put = async (per, blob) => { const done=[]; let batch=[]; for (let at=0;at<car.length;at+=M){ const v=car.buffer.slice(at,at+M); batch.push([at, blob?new Blob([v]):v]); if(batch.length===per||at+M>=car.length){done.push(putAll(db,batch));batch=[]} } await Promise.all(done) }
  if (kind==='hash') hash()
  if (kind==='hash2') { hash(); }
  if (kind==='put1') await put(1,false)
  if (kind==='put8') await put(8,false)
  if (kind==='putall') await put(1000,false)
  if (kind==='blob1') await put(1,true)
  if (kind==='blob8') await put(8,true)
  if (kind.startsWith('both')) { const per=+kind.slice(4); const done=[]; let batch=[]; let stored=0; const flush=()=>{ if(batch.length){done.push(putAll(db,batch));batch=[]} }; const store=(to)=>{ batch.push([stored,car.buffer.slice(stored,to)]); stored=to; if(batch.length>=per) flush() }
   eachBlock(car,(c,f,to)=>{hasher.init();hasher.update(car.subarray(f,to));hasher.digest('binary'); if(to-stored>=M) store(to)}); if(stored<car.length) store(car.length); flush(); await Promise.all(done) }
  postMessage(performance.now()-t)
})