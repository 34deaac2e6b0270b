// Runs before any script of the page: the camera films a drawing.
(() => {
  if (!navigator.mediaDevices) return;
  const drawing = new Image();
  drawing.src = "DRAWING";
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async constraints => {
    const stream = await real(constraints);
    const [fake] = stream.getVideoTracks();
    if (!fake) return stream;
    await drawing.decode();
    const canvas = document.createElement("canvas");
    const scale = 1280 / Math.max(drawing.naturalWidth, drawing.naturalHeight);
    canvas.width = Math.round(drawing.naturalWidth * scale);
    canvas.height = Math.round(drawing.naturalHeight * scale);
    const paper = canvas.getContext("2d");
    let n = 0;
    const draw = () => {
      paper.drawImage(drawing, 0, 0, canvas.width, canvas.height);
      paper.fillStyle = n++ % 2 ? "#000" : "#001"; // a change, or no frame is made
      paper.fillRect(0, 0, 1, 1);
    };
    draw();
    const [film] = canvas.captureStream(20).getVideoTracks();
    const timer = setInterval(draw, 50);
    const stop = film.stop.bind(film);
    film.stop = () => { clearInterval(timer); stop(); };
    stream.removeTrack(fake);
    fake.stop();
    stream.addTrack(film);
    return stream;
  };
})();
