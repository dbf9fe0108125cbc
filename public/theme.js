// Before the first paint, so that a chosen theme does not flash in the system's colours. The key and the
// values are those of src/app/lib/theme.ts. A file of its own: the security policy allows no inline script.
try {
  const theme = localStorage.getItem('cairn.theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // storage refused by the browser's settings: the system's theme it is
}
